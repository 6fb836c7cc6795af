/** The config as a host program sees it. */
import type { Config } from '../core/service/service.ts';

/** What a host program may want to know of the config that is served now. */
export interface ConfigView {
  /** Absolute path of the file. */
  readonly file: string;
  /** Absolute path of the directory of the tenants' directories. */
  readonly dataDir: string;
  /** Names of the services. */
  readonly services: readonly string[];
  /** The service that a tenant's host leads to; null: none. */
  readonly defaultService: string | null;
  /** Names of the plans. */
  readonly plans: readonly string[];
  /** The domains whose subdomains are tenants; `*`: any. */
  readonly domains: readonly string[];
}

export function configViewOf({ file, settings, services, proxy, plans }: Config): ConfigView {
  return {
    file,
    dataDir: settings.dataDir,
    services: [...services.keys()],
    defaultService: proxy.defaultService,
    plans: [...plans.keys()],
    domains: proxy.domains,
  };
}
