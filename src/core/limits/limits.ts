/** Limits on what one instance may use of the machine, and their forms inside and outside. Pure. */
import { LIMIT_NAMES, LIMITS, type LimitKey, type LimitName, type LimitTable } from './limit-table.ts';

/** Limits of a service, in bytes and cores; null: no limit. */
export type Limits = { readonly [Name in LimitName as LimitTable[Name]['field']]: number | null };
/** Some limits: those of a plan, or those of one instance, which override its service's. */
export type OwnLimits = { readonly [Field in keyof Limits]?: number };
/** Limits as clients read them: MiB and cores, like the config keys; null: no limit. */
export type LimitsView = { readonly [Name in LimitName]: number | null };
/** Limits as clients give them. */
export type LimitsInput = { readonly [Name in LimitName]?: number | undefined };
/** Limits as tenement.toml has them. */
export type LimitKeys = { readonly [Key in LimitKey]?: number | undefined };

/** For programs without a memory limit: enough for lock files and small uploads. */
const DEFAULT_TMP_BYTES = 64 * 1024 * 1024;

/**
 * How much memory each in-memory directory of an isolated tenant may take, in bytes. Half of the memory limit is also the
 * kernel's default for a tmpfs (tmpfs(5)).
 */
export function tmpLimit(configured: number | null, { memoryLimitBytes }: Pick<Limits, 'memoryLimitBytes'>): number {
  if (configured !== null) return configured;
  return memoryLimitBytes === null ? DEFAULT_TMP_BYTES : Math.floor(memoryLimitBytes / 2);
}

/** Converts a service's keys. A missing key is no limit. */
export function configuredLimits(keys: LimitKeys): Limits {
  return mapped(({ key, field, scale }) => {
    const value = keys[key];
    return [field, value === undefined ? null : value * scale];
  });
}

/** Converts a client's limits to the form that the registry keeps. */
export function ownLimits(input: LimitsInput): OwnLimits {
  return mapped(({ field, scale }, name) => {
    const value = input[name];
    return value === undefined ? null : [field, value * scale];
  });
}

/** Returns the limits among the fields of a service. */
export function limitsIn(service: Limits): Limits {
  return mapped(({ field }) => [field, service[field]]);
}

/** Returns the stricter of a service's limits and its tenant's plan, overridden by the instance's own. */
export function effectiveLimits(service: Limits, plan: OwnLimits, own: OwnLimits): Limits {
  return mapped(({ field }) => [field, own[field] ?? stricter(service[field], plan[field] ?? null)]);
}

/** Returns the smaller value; null is no limit. */
export function stricter(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}

/** Returns a tenant's own limits as clients give them. */
export function ownLimitsView(own: OwnLimits): LimitsInput {
  return mapped(({ field, scale }, name) => {
    const value = own[field];
    return value === undefined ? null : [name, value / scale];
  });
}

export function limitsView(limits: Limits): LimitsView {
  return mapped(({ field, scale }, name) => {
    const value = limits[field];
    return [name, value === null ? null : value / scale];
  });
}

/** Returns one entry for each limit, in the table's order, except where `entry` returns null. */
function mapped<Result>(
  entry: (declaration: LimitTable[LimitName], name: LimitName) => [name: string, value: number | null] | null,
): Result {
  const entries = LIMIT_NAMES.map((name) => entry(LIMITS[name], name)).filter((one) => one !== null);
  return Object.fromEntries(entries) as Result;
}
