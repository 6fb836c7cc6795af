/**
 * What holds for one instance. A service and what a tenant has of its own are merged here and nowhere else: everything
 * about an instance asks the effective service. Pure.
 */
import type { TenantsOwn } from '../lifecycle/instance.ts';
import { effectiveLimits } from '../limits/limits.ts';
import type { ServiceConfig } from './service.ts';

/** A service whose limits are those of one instance. Its `env` lacks the variables that the tenant has a value of its own for. */
export interface EffectiveService extends ServiceConfig {
  /** The tenant's own variables. Their values are literal, while those of `env` are templates. */
  readonly ownEnv: Readonly<Record<string, string>>;
}

export function effectiveService(service: ServiceConfig, own: TenantsOwn): EffectiveService {
  const env = Object.entries(service.env).filter(([name]) => !Object.hasOwn(own.env, name));
  return {
    ...service,
    ...effectiveLimits(service, own.limits),
    env: Object.fromEntries(env),
    ownEnv: own.env,
  };
}
