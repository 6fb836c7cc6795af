/** An instance of one of the two tenants, with what the host knows of it: what another one could try to reach. */
import type { InstanceName } from '../lifecycle/instance.ts';
import type { ServiceConfig } from '../service/service.ts';
import type { InstanceView } from '../verbs/verbs.ts';
import type { TargetProcess } from './attempt.ts';

export interface Subject {
  readonly instance: InstanceName;
  readonly tenantId: string;
  readonly service: ServiceConfig;
  readonly view: InstanceView;
  readonly tenantDir: string;
  /** Its variables, as the config has them. */
  readonly env: Readonly<Record<string, string>>;
  /** Names in its directory, as it says itself: some of them, if there are many. */
  readonly fileNames: readonly string[];
  readonly processes: readonly TargetProcess[];
  /** Existing log files. */
  readonly logFiles: readonly string[];
  /** Directory of its secrets; null while it has none. */
  readonly secretsDir: string | null;
  /** The files in it, under all names of the directory. */
  readonly secretFiles: readonly string[];
  /** Paths of its socket under all names, the public one aside. */
  readonly privateSockets: readonly string[];
  /** Its own socket to tenement; null without one. */
  readonly selfSocket: string | null;
}

/** What belongs to tenement, and may be reached by no tenant. */
export interface OwnState {
  readonly stateDir: string;
  /** Existing files: the registry, the admin token, the key of secrets. */
  readonly files: readonly string[];
  readonly controlSocket: string;
  readonly api: { readonly host: string; readonly port: number; readonly auth: 'token' | 'none' } | null;
}
