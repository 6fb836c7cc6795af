/**
 * Merges a service, the plan and variables of a tenant, and what one instance has of its own. This is the only place that
 * does so; all other code about an instance reads the effective service. Pure.
 */
import type { InstanceOverrides } from '../lifecycle/instance.ts';
import { effectiveLimits } from '../limits/limits.ts';
import { boundedBy } from '../plans/bounded.ts';
import type { TenantTerms } from '../plans/plan.ts';
import type { Config, ServiceConfig } from './service.ts';

/** The service as it applies to one instance. `env` lacks the variables that `ownEnv` overrides. */
export interface EffectiveService extends ServiceConfig {
  /** Variables of the tenant and of the instance. Their values are literal; those of `env` are templates. */
  readonly ownEnv: Readonly<Record<string, string>>;
  /** The tenant's plan, as its processes are told; null: it has none. */
  readonly plan: PlanFacts | null;
}

/** TENANT_PLAN and TENANT_FEATURES. */
export interface PlanFacts {
  readonly name: string;
  readonly features: readonly string[];
}

/** Later sources of a variable win: the service, the plan, the tenant, the instance. */
export function effectiveService(
  service: ServiceConfig,
  tenant: TenantTerms,
  own: InstanceOverrides,
): EffectiveService {
  const { plan } = tenant;
  const ownEnv = merged(tenant.env, own.env);
  const env = Object.entries(merged(service.env, plan?.env ?? {})).filter(([name]) => !Object.hasOwn(ownEnv, name));
  return {
    ...service,
    ...(plan !== null && boundedBy(service, plan.bounds)),
    ...effectiveLimits(service, plan?.limits ?? {}, own.limits),
    env: Object.fromEntries(env),
    ownEnv,
    plan: plan === null ? null : { name: plan.name, features: plan.features },
  };
}

/** Returns every service, alone and under each plan: what this host must be able to give. */
export function servicesUnderPlans({ services, plans }: Pick<Config, 'services' | 'plans'>): ServiceConfig[] {
  const under = (service: ServiceConfig) =>
    Array.from(plans.values(), (plan) => effectiveService(service, { plan, env: {} }, { env: {}, limits: {} }));
  return [...services.values()].flatMap((service) => [service, ...under(service)]);
}

/** Merges by entries, because a variable may have the name `__proto__`. */
function merged(...sources: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  return Object.fromEntries(sources.flatMap((source) => Object.entries(source)));
}
