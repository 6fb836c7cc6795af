/** Provisioning hooks: programs of the operator's that make what a tenant needs outside of tenement. Pure. */
import type { SecretSource } from '../secrets/sealed-secret.ts';

export const HOOK_ACTIONS = ['create', 'destroy', 'rotate', 'measure'] as const;
export type HookAction = (typeof HOOK_ACTIONS)[number];

/** The longest time that a hook may take. */
export const MAX_HOOK_TIMEOUT_MS = 3_600_000;

/** A hook of a service, as the config says. */
export interface HookConfig {
  readonly name: string;
  /** Words of the command of each action, with templates; null: the hook does not have it. */
  readonly commands: Readonly<Record<HookAction, readonly string[] | null>>;
  /** How long one run may take. */
  readonly timeoutMs: number;
  /** Names of variables of the server's environment. */
  readonly inheritEnv: readonly string[];
  /** Values with templates. */
  readonly env: Readonly<Record<string, string>>;
}

/** Names a hook of a tenant. */
export interface HookKey {
  readonly service: string;
  readonly hook: string;
}

/** Returns for example `api/db`, by which people know a hook. */
export function hookName({ service, hook }: HookKey): string {
  return `${service}/${hook}`;
}

/** Returns the origin of the secrets that a hook has printed. */
export function hookSource(key: HookKey): SecretSource {
  return `hook:${hookName(key)}`;
}

/** Returns null for a secret that no hook gave. */
export function hookOfSource(source: SecretSource): HookKey | null {
  if (!source.startsWith('hook:')) return null;
  const [service = '', hook = ''] = source.slice('hook:'.length).split('/', 2);
  return { service, hook };
}
