/**
 * Merges a service with a tenant's own limits and variables. This is the only place that does so; all other code about an
 * instance reads the effective service. Pure.
 */
import type { TenantOverrides } from '../lifecycle/instance.ts';
import { effectiveLimits } from '../limits/limits.ts';
import type { ServiceConfig } from './service.ts';

/** The service as it applies to one instance. `env` lacks the variables that `ownEnv` overrides. */
export interface EffectiveService extends ServiceConfig {
  /** The tenant's own variables. Their values are literal; those of `env` are templates. */
  readonly ownEnv: Readonly<Record<string, string>>;
}

export function effectiveService(service: ServiceConfig, own: TenantOverrides): EffectiveService {
  const env = Object.entries(service.env).filter(([name]) => !Object.hasOwn(own.env, name));
  return {
    ...service,
    ...effectiveLimits(service, own.limits),
    env: Object.fromEntries(env),
    ownEnv: own.env,
  };
}
