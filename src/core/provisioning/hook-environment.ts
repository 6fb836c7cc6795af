/** The words and variables of a run, filled in for a tenant. Pure. */
import type { TemplateValues } from '../service/template.ts';
import { fillTemplate } from '../service/template.ts';
import type { KnownHook } from '../stores/hook-store.ts';
import type { HookAction, HookKey } from './hook.ts';
import { hookName } from './hook.ts';
import type { HookRun } from './hook-run.ts';

/** Templates in commands and variables of hooks: what is known before an instance has a process. */
export const HOOK_VARIABLES = [
  'id',
  'service',
  'name',
  'url',
  'host',
  'plan',
  'data_dir',
  'tenant_dir',
  'runtime_dir',
] as const;

/** Variables that tenement sets after those of the config. */
export const RESERVED_FOR_HOOKS: ReadonlySet<string> = new Set([
  ...['TENANT_ID', 'SERVICE_NAME', 'DATA_DIR', 'TENANT_PLAN'],
  ...['HOOK_NAME', 'HOOK_ACTION', 'HOOK_SECRET', 'SOCKET_PATH'],
]);

export interface HookSubject {
  readonly tenantId: string;
  readonly hook: KnownHook;
  readonly action: HookAction;
  /** Its secrets by name. */
  readonly secrets: ReadonlyMap<string, string>;
  /** The secret that is to be replaced; null: none. */
  readonly rotates: string | null;
  readonly values: TemplateValues & Required<Pick<TemplateValues, 'tenant_dir'>>;
  /** Directory of the marks of all hooks of this server. */
  readonly markDir: string;
}

/** @throws {TenementError} `bad_config` when a template has a variable without a value */
export function hookRun(subject: HookSubject): HookRun {
  const { tenantId, hook, action, values } = subject;
  const { service, config, workdir } = hook;
  const words = config.commands[action] ?? [];
  const env = Object.entries(config.env).map(([name, value]) => [name, fillTemplate(value, values)] as const);
  return {
    tenantId,
    action,
    workdir,
    words: words.map((word) => fillTemplate(word, values)),
    inheritEnv: config.inheritEnv,
    env: { ...Object.fromEntries(env), ...ownVariables(subject) },
    mark: markOf(subject.markDir, tenantId, { service, hook: hook.hook }, action),
    timeoutMs: config.timeoutMs,
  };
}

function ownVariables({ tenantId, hook, secrets, rotates, values }: HookSubject): Record<string, string> {
  return {
    TENANT_ID: tenantId,
    SERVICE_NAME: hook.service,
    DATA_DIR: values.tenant_dir,
    HOOK_NAME: hook.hook,
    ...(values.plan ? { TENANT_PLAN: values.plan } : {}),
    ...Object.fromEntries(Array.from(secrets, ([name, value]) => [`SECRET_${name}`, value] as const)),
    ...(rotates === null ? {} : { HOOK_SECRET: rotates }),
  };
}

/** Returns the directory of the marks of hooks, at which nothing is. */
export function hookMarkDir(stateDir: string): string {
  return `${stateDir}/hooks`;
}

/** `measure` may run beside the others, so each action has its own. */
function markOf(dir: string, tenantId: string, key: HookKey, action: HookAction): string {
  return `${dir}/${tenantId}/${hookName(key)}/${action}`;
}
