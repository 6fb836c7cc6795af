/** Usage as the points of charts. Pure. */
import type { Meter } from '../../core/usage/meters.ts';
import type { UsageView } from '../../core/usage/usage-query.ts';

const HOUR_MS = 3_600_000;

export const SPANS = {
  day: { by: 'hour', periods: 24, stepMs: HOUR_MS, name: '24 hours' },
  week: { by: 'hour', periods: 7 * 24, stepMs: HOUR_MS, name: '7 days' },
  month: { by: 'day', periods: 31, stepMs: 24 * HOUR_MS, name: '31 days' },
} as const;
export type Span = keyof typeof SPANS;

/** The times of a span's periods, in seconds since the epoch, as uPlot wants them. The last one is the current. */
export function spanTimes(span: Span, nowMs: number): number[] {
  const { periods, stepMs } = SPANS[span];
  const last = Math.floor(nowMs / stepMs) * stepMs;
  return Array.from({ length: periods }, (_, index) => (last - (periods - 1 - index) * stepMs) / 1000);
}

/** The first period of a span as the API reads it: 2026-11-27, or 2026-11-27T18. */
export function spanFrom(span: Span, nowMs: number): string {
  const first = new Date((spanTimes(span, nowMs)[0] ?? 0) * 1000).toISOString();
  return SPANS[span].by === 'hour' ? first.slice(0, 13) : first.slice(0, 10);
}

/** "18:00" for hours of a day, else "11-27"; in UTC. */
export function axisTime(span: Span, seconds: number): string {
  const iso = new Date(seconds * 1000).toISOString();
  return span === 'day' ? iso.slice(11, 16) : iso.slice(5, 10);
}

/** Values at the times; a period without a row had no use. */
export function valuesAt(times: readonly number[], usage: readonly UsageView[], meter: Meter, per = 1): number[] {
  const byTime = new Map(usage.map((row) => [Date.parse(row.from) / 1000, row[meter]]));
  return times.map((time) => (byTime.get(time) ?? 0) / per);
}

/** A level that is not used up stays as it was until it is measured again. */
export function levelsAt(times: readonly number[], usage: readonly UsageView[], meter: Meter): (number | null)[] {
  const byTime = new Map(usage.map((row) => [Date.parse(row.from) / 1000, row[meter]]));
  let level: number | null = null;
  return times.map((time) => {
    const measured = byTime.get(time) ?? 0;
    if (measured > 0) level = measured;
    return level;
  });
}
