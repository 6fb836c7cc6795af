/** Builds the clean environment of a child, which has nothing of the supervisor's but what is named here. Pure. */
import type { PlanFacts } from '../../core/service/effective-service.ts';

export interface EnvironmentParts {
  /** The supervisor's own environment. */
  readonly base: NodeJS.ProcessEnv;
  readonly inherit: readonly string[];
  /** Variables of the service with their templates filled in. */
  readonly service: Readonly<Record<string, string>>;
  readonly tenant: Readonly<Record<string, string>>;
  /** Secrets that become variables. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Directory of the tenant's secrets; null: it has none. */
  readonly secretsDir: string | null;
  readonly plan: PlanFacts | null;
  readonly tenantId: string;
  readonly serviceName: string;
  readonly tenantDir: string;
  readonly tmpDir: string;
  readonly bindSocket: string;
  /** null without `self_api`. */
  readonly selfSocket: string | null;
  /** null with `listen = "socket"`. */
  readonly port: number | null;
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Later entries win, in the order that docs/config.md describes. */
export function childEnvironment(parts: EnvironmentParts): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const name of parts.inherit) {
    const value = parts.base[name];
    if (value !== undefined) inherited[name] = value;
  }
  return {
    PATH: parts.base['PATH'] ?? DEFAULT_PATH,
    HOME: parts.tenantDir,
    LANG: parts.base['LANG'] ?? 'C.UTF-8',
    TZ: parts.base['TZ'] ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    TMPDIR: parts.tmpDir,
    ...inherited,
    ...parts.service,
    ...parts.tenant,
    ...parts.secrets,
    ...(parts.plan === null ? {} : { TENANT_PLAN: parts.plan.name, TENANT_FEATURES: parts.plan.features.join(',') }),
    TENANT_ID: parts.tenantId,
    SERVICE_NAME: parts.serviceName,
    DATA_DIR: parts.tenantDir,
    SOCKET_PATH: parts.bindSocket,
    ...(parts.secretsDir === null ? {} : { SECRETS_DIR: parts.secretsDir }),
    ...(parts.selfSocket === null ? {} : { TENEMENT_SOCKET: parts.selfSocket }),
    ...(parts.port === null ? {} : { PORT: String(parts.port) }),
  };
}
