/** Describes the difference of two configs in sentences for a person. Pure. */
import type { ConfigDiff, PlanChange, ServiceChange } from '../lifecycle/reconcile.ts';
import { SERVICE_KEYS } from '../service/service-keys.ts';

/** Number of instances of a service. */
export interface InstanceCounts {
  readonly registered: number;
  /** Instances with a process. */
  readonly running: number;
}

/**
 * Returns one line for each change; empty when there is none.
 * @param tenantsOn returns how many tenants have a plan
 */
export function describeDiff(
  diff: ConfigDiff,
  counts: (service: string) => InstanceCounts,
  tenantsOn: (plan: string) => number,
): string[] {
  return [
    ...diff.added.map((name) => `service ${name}: new`),
    ...diff.removed.map((name) => `service ${name}: removed; ${ending(counts(name))}; data stays`),
    ...diff.changed.map((change) => changed(change, counts(change.name))),
    ...diff.instances.map(
      ({ service, tenantId, start }) => `instance ${service}:${tenantId}: registered${start ? ' and started' : ''}`,
    ),
    ...diff.plans.map((change) => planChange(change, tenantsOn(change.name))),
    ...diff.live.map((table) => `${table}: takes effect at once`),
    ...diff.needsRestart.map((key) => `${key}: changes only with a restart of the server`),
  ];
}

function planChange({ name, change }: PlanChange, tenants: number): string {
  if (change === 'new') return `plan ${name}: ${change}`;
  const whom = tenants === 1 ? '1 tenant has it' : `${tenants} tenants have it`;
  return `plan ${name}: ${change}; ${whom}`;
}

function ending({ running }: InstanceCounts): string {
  if (running === 0) return 'none of its instances is running';
  return running === 1 ? '1 instance drains and ends' : `${running} instances drain and end`;
}

function changed({ name, keys, restarts }: ServiceChange, { registered, running }: InstanceCounts): string {
  const what = `service ${name}: ${keys.map(tomlKey).join(', ')} changed`;
  if (!restarts) return `${what}; ${takenOver(keys)}`;
  const asleep = registered - running;
  const now = running === 0 ? [] : [`running, restarted one by one: ${running}`];
  const later = asleep === 0 ? [] : [`without a process, changed at their next start: ${asleep}`];
  return [what, ...now, ...later].join('; ');
}

function takenOver(keys: readonly string[]): string {
  const later = keys.filter((field) => SERVICE_KEYS.get(field)?.whenChanged === 'next-start');
  if (later.length === 0) return 'takes effect at once';
  const atNextStart = 'takes effect at the next start of each instance';
  return later.length === keys.length
    ? atNextStart
    : `takes effect at once, but ${later.map(tomlKey).join(', ')} at the next start of each instance`;
}

/** Converts `idleTimeoutMs` to its key in tenement.toml: `idle_timeout`. */
function tomlKey(field: string): string {
  return SERVICE_KEYS.get(field)?.key ?? field;
}
