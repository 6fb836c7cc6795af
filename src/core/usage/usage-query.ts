/** What is asked of usage, and the form of the answer. Pure. */
import { TenementError } from '../../errors.ts';
import { assertTenantId } from '../tenants/tenant.ts';
import { HOUR_MS, hourOf } from './hours.ts';
import type { Meter } from './meters.ts';
import { PERIODS, type Period, parseHour, periodEnd, periodName, periodStart } from './periods.ts';
import { METER_NAMES, type Tally } from './tally.ts';

/** A query as people and programs write it. Times are in UTC: 2026-11, 2026-11-27 or 2026-11-27T18. */
export interface UsageInput {
  /** Default: all tenants, those that were deleted too. */
  readonly tenant?: string | undefined;
  /** Begin of the first period. Default: the current month. */
  readonly from?: string | undefined;
  /** Begin of the first period that is left out. Default: the end of the current one. */
  readonly to?: string | undefined;
  /** Default: month. */
  readonly by?: Period | undefined;
  /** How many rows a page has, at most 2000. Default: 1000. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

/** A row's place in the order: by tenant, then by time. */
export interface UsagePlace {
  readonly tenantId: string;
  /** First hour of the period. */
  readonly start: number;
}

export interface UsageQuery {
  /** null: all. */
  readonly tenantId: string | null;
  readonly fromHour: number;
  readonly toHour: number;
  readonly by: Period;
  readonly limit: number;
  readonly after: UsagePlace | null;
}

/** Usage of one tenant in one period, in the units that the meters' names end with. */
export type UsageView = Readonly<Record<Meter, number>> & {
  readonly tenant: string;
  /** The hour, day or month: 2026-11-27T18, 2026-11-27 or 2026-11. */
  readonly period: string;
  /** ISO 8601. */
  readonly from: string;
  /** ISO 8601; the first moment after the period. */
  readonly to: string;
  /** Whether the period is over, so that the row does not change any more. */
  readonly complete: boolean;
  /** The highest values that hooks of the tenant have measured, by name. */
  readonly meters: Readonly<Record<string, number>>;
  /** A key for each meter, such as `acme:requests:2026-11-27T18`, by which a billing system knows the value again. */
  readonly keys: Readonly<Record<Meter, string>> & Readonly<Record<string, string>>;
};

/** One page of usage. */
export interface UsagePage {
  readonly usage: readonly UsageView[];
  /** What `after` must be for the next page; null after the last one. */
  readonly next: string | null;
}

const DEFAULT_LIMIT = 1000;
const MAX_USAGE_ROWS = 2000;
/** How long after its end a period may still grow: by what the last second has not written yet. */
const SETTLED_MS = 5000;
const DIGITS = 1e6;

/** @throws {TenementError} `bad_input`, `bad_id` */
export function usageQuery(input: UsageInput, nowMs: number): UsageQuery {
  const { tenant, by = 'month', limit = DEFAULT_LIMIT } = input;
  if (tenant !== undefined) assertTenantId(tenant);
  if (!PERIODS.includes(by)) throw bad('by', `expected one of ${PERIODS.join(', ')}`);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_USAGE_ROWS)
    throw bad('limit', `expected 1 to ${MAX_USAGE_ROWS}`);
  const fromHour = edge(input.from, 'from', by) ?? periodStart(hourOf(nowMs), 'month');
  const toHour = edge(input.to, 'to', by) ?? periodEnd(periodStart(hourOf(nowMs), by), by);
  if (toHour <= fromHour && input.from !== undefined && input.to !== undefined) throw bad('to', 'must be after `from`');
  return { tenantId: tenant ?? null, fromHour, toHour, by, limit, after: placeOf(input.after) };
}

/** A part of a period would have the key of the whole. */
function edge(text: string | undefined, what: string, by: Period): number | null {
  if (text === undefined) return null;
  // Callers of the library may lack types.
  if (typeof text !== 'string') throw bad(what, 'expected a text such as 2026-11');
  const hour = parseHour(text, what);
  if (periodStart(hour, by) === hour) return hour;
  throw bad(what, `${text} is not the begin of a ${by}`, 'Ask by a shorter period: hour or day.');
}

function placeOf(after: string | undefined): UsagePlace | null {
  if (after === undefined) return null;
  const [tenantId = '', period = ''] = after.split(':', 2);
  assertTenantId(tenantId);
  return { tenantId, start: parseHour(period, 'after') };
}

function bad(what: string, problem: string, hint?: string): TenementError {
  return new TenementError('bad_input', `${what}: ${problem}`, hint === undefined ? {} : { hint });
}

/** Returns the `after` of the page that follows a row. */
export function placeText({ tenantId, start }: UsagePlace, by: Period): string {
  return `${tenantId}:${periodName(start, by)}`;
}

export function usageView(
  { tenantId, start }: UsagePlace,
  { tally, meters }: { readonly tally: Tally; readonly meters: Readonly<Record<string, number>> },
  by: Period,
  nowMs: number,
): UsageView {
  const period = periodName(start, by);
  const toMs = periodEnd(start, by) * HOUR_MS;
  const values = METER_NAMES.map((meter) => [meter, Math.round(tally[meter] * DIGITS) / DIGITS] as const);
  const keys = [...METER_NAMES, ...Object.keys(meters)].map(
    (meter) => [meter, `${tenantId}:${meter}:${period}`] as const,
  );
  return {
    tenant: tenantId,
    period,
    from: new Date(start * HOUR_MS).toISOString(),
    to: new Date(toMs).toISOString(),
    complete: toMs + SETTLED_MS <= nowMs,
    ...(Object.fromEntries(values) as Tally),
    meters,
    keys: Object.fromEntries(keys) as UsageView['keys'],
  };
}
