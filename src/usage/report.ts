/** Pages of usage, read tenant by tenant, so that neither many tenants nor many hours hold the event loop. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../core/ports.ts';
import type { HourRange, UsageReader, UsageRow } from '../core/stores/usage-store.ts';
import { periodEnd, periodStart } from '../core/usage/periods.ts';
import type { UsageFace } from '../core/usage/usage-face.ts';
import { placeText, type UsagePage, type UsageQuery, usageQuery, usageView } from '../core/usage/usage-query.ts';

/** How long the event loop is occupied at a time. */
const TURN_MS = 4;

/** @param clock tells which period is the current one */
export function usageReport(reader: UsageReader, clock: Pick<Clock, 'nowMs'>): Pick<UsageFace, 'page'> {
  return { page: (input, sees = () => true) => usagePage(usageQuery(input, clock.nowMs()), { reader, clock, sees }) };
}

interface PageDeps {
  readonly reader: UsageReader;
  readonly clock: Pick<Clock, 'nowMs'>;
  sees(tenantId: string): boolean;
}

/** Periods without any usage have no row. What was used within the last second may be missing. */
async function usagePage(query: UsageQuery, { reader, clock, sees }: PageDeps): Promise<UsagePage> {
  const rows: UsageRow[] = [];
  let turnEndsAtMs = performance.now() + TURN_MS;
  for (const tenantId of tenantsOf(query, reader)) {
    // One more than the page has tells whether another follows.
    if (sees(tenantId)) rows.push(...rowsOf(tenantId, query, reader, query.limit + 1 - rows.length));
    if (rows.length > query.limit) break;
    if (performance.now() < turnEndsAtMs) continue;
    await nextTurn();
    turnEndsAtMs = performance.now() + TURN_MS;
  }
  const page = rows.slice(0, query.limit);
  const last = rows.length > query.limit ? page.at(-1) : undefined;
  const hasHookMeters = reader.hasHookMeters();
  return {
    usage: page.map(({ tenantId, hour, tally }) => {
      const range = { from: hour, to: periodEnd(hour, query.by) };
      const meters = hasHookMeters ? reader.hookMeters(tenantId, range) : {};
      return usageView({ tenantId, start: hour }, { tally, meters }, query.by, clock.nowMs());
    }),
    next: last === undefined ? null : placeText({ tenantId: last.tenantId, start: last.hour }, query.by),
  };
}

/** Lists tenants from the place where the page begins. */
function* tenantsOf({ tenantId, after }: UsageQuery, reader: UsageReader): Generator<string> {
  if (tenantId !== null) {
    if (after === null || after.tenantId <= tenantId) yield tenantId;
    return;
  }
  if (after !== null) yield after.tenantId;
  let next = reader.tenantAfter(after?.tenantId ?? '');
  for (; next !== null; next = reader.tenantAfter(next)) yield next;
}

function rowsOf(tenantId: string, query: UsageQuery, reader: UsageReader, limit: number): UsageRow[] {
  const { by, fromHour, toHour, after } = query;
  const from = after?.tenantId === tenantId ? Math.max(fromHour, periodEnd(after.start, by)) : fromHour;
  const range = { from, to: toHour };
  if (by === 'hour') return reader.hours(tenantId, range, limit);
  return by === 'day' ? reader.days(tenantId, range, limit) : months(tenantId, range, reader, limit);
}

function months(tenantId: string, { from, to }: HourRange, reader: UsageReader, limit: number): UsageRow[] {
  const rows: UsageRow[] = [];
  let [next] = reader.hours(tenantId, { from, to }, 1);
  while (next !== undefined && rows.length < limit) {
    const hour = periodStart(next.hour, 'month');
    const end = periodEnd(hour, 'month');
    const tally = reader.whole(tenantId, { from: hour, to: end });
    if (tally !== null) rows.push({ tenantId, hour, tally });
    [next] = reader.hours(tenantId, { from: end, to }, 1);
  }
  return rows;
}
