/** What one instance may take of the machine, and how its limits are written outside and inside. Pure. */
import { LIMIT_NAMES, LIMITS, type LimitKey, type LimitName } from './limit-table.ts';

type Table = typeof LIMITS;

/** As a service has them: bytes and cores; null: no limit. */
export type Limits = { readonly [Name in LimitName as Table[Name]['field']]: number | null };
/** A tenant's own: those that it has in the place of its service's. */
export type OwnLimits = { readonly [Field in keyof Limits]?: number };
/** As clients read them: MiB and cores, like the config keys; null: no limit. */
export type LimitsView = { readonly [Name in LimitName]: number | null };
/** As clients give them. */
export type LimitsInput = { readonly [Name in LimitName]?: number | undefined };
/** As tenement.toml has them. */
export type LimitKeys = { readonly [Key in LimitKey]?: number | undefined };

/** What programs without a memory limit get: enough for lock files and small uploads. */
const DEFAULT_TMP_BYTES = 64 * 1024 * 1024;

/**
 * How much memory each in-memory directory of an isolated tenant may take, in bytes. Half of the memory limit is also the
 * kernel's default for a tmpfs (tmpfs(5)).
 */
export function tmpLimit(configured: number | null, { memoryLimitBytes }: Pick<Limits, 'memoryLimitBytes'>): number {
  if (configured !== null) return configured;
  return memoryLimitBytes === null ? DEFAULT_TMP_BYTES : Math.floor(memoryLimitBytes / 2);
}

/** A service's limits from its keys; a key that is left out is no limit. */
export function configuredLimits(keys: LimitKeys): Limits {
  return mapped(({ key, field, scale }) => {
    const value = keys[key];
    return [field, value === undefined ? null : value * scale];
  });
}

/** What a client gave, as the registry keeps it. */
export function ownLimits(input: LimitsInput): OwnLimits {
  return mapped(({ field, scale }, name) => {
    const value = input[name];
    return value === undefined ? null : [field, value * scale];
  });
}

/** A service's limits, with the tenant's own in their place. */
export function effectiveLimits(service: Limits, own: OwnLimits): Limits {
  return mapped(({ field }) => [field, own[field] ?? service[field]]);
}

export function limitsView(limits: Limits): LimitsView {
  return mapped(({ field, scale }, name) => {
    const value = limits[field];
    return [name, value === null ? null : value / scale];
  });
}

/** One entry for each limit, in the table's order, but where `entry` gives null. */
function mapped<Result>(
  entry: (declaration: Table[LimitName], name: LimitName) => [name: string, value: number | null] | null,
): Result {
  const entries = LIMIT_NAMES.map((name) => entry(LIMITS[name], name)).filter((one) => one !== null);
  return Object.fromEntries(entries) as Result;
}
