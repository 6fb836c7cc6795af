/** Periods of quotas: hours, days and months of the calendar in UTC. Pure. */

export const PERIODS = ['hour', 'day', 'month'] as const;

/** The period of a quota, in UTC. */
export type Period = (typeof PERIODS)[number];

/** One period, in ms since the epoch. */
export interface PeriodSpan {
  readonly startMs: number;
  /** Start of the next period. */
  readonly endMs: number;
}

export function isPeriod(text: string): text is Period {
  return (PERIODS as readonly string[]).includes(text);
}

/** Returns the period that contains a time. */
export function periodAt(period: Period, nowMs: number): PeriodSpan {
  const now = new Date(nowMs);
  const [year, month, day, hour] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), now.getUTCHours()];
  switch (period) {
    case 'hour':
      return { startMs: Date.UTC(year, month, day, hour), endMs: Date.UTC(year, month, day, hour + 1) };
    case 'day':
      return { startMs: Date.UTC(year, month, day), endMs: Date.UTC(year, month, day + 1) };
    case 'month':
      return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
  }
}
