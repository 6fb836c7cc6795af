/** Hours, days and months in UTC, as usage is asked for and shown. Pure. */
import { TenementError } from '../../errors.ts';
import { HOUR_MS, hourName, hourOf } from './hours.ts';

export const PERIODS = ['hour', 'day', 'month'] as const;
/** Length of the periods that usage is added up by, in UTC. */
export type Period = (typeof PERIODS)[number];

/** Length of a period's name: 2026-11, 2026-11-27, 2026-11-27T18. */
const NAME_LENGTHS: Readonly<Record<Period, number>> = { month: 7, day: 10, hour: 13 };

const TIME = /^(\d{4})-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::00(?::00(?:\.0{1,3})?)?)?Z?)?)?$/;

/** Returns the first hour of the period that contains an hour. */
export function periodStart(hour: number, period: Period): number {
  const date = new Date(hour * HOUR_MS);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (period === 'hour') return hour;
  return hourOf(Date.UTC(year, month, period === 'day' ? day : 1));
}

/** Returns the first hour after a period. @param start its first hour */
export function periodEnd(start: number, period: Period): number {
  if (period === 'hour') return start + 1;
  if (period === 'day') return start + 24;
  const date = new Date(start * HOUR_MS);
  return hourOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1));
}

/** Returns for example `2026-11-27T18`, `2026-11-27` or `2026-11`. @param start its first hour */
export function periodName(start: number, period: Period): string {
  return hourName(start).slice(0, NAME_LENGTHS[period]);
}

/**
 * Reads a month, a day or an hour in UTC as its first hour.
 * @param what what the time is, for messages
 * @throws {TenementError} `bad_input`
 */
export function parseHour(text: string, what: string): number {
  const [, year, month, day = '01', hour = '00'] = TIME.exec(text) ?? [];
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
  // Date.parse takes the 31st of every month.
  if (!Number.isNaN(atMs) && hourName(hourOf(atMs)) === `${year}-${month}-${day}T${hour}`) return hourOf(atMs);
  throw new TenementError('bad_input', `${what}: ${JSON.stringify(text.slice(0, 80))} is no hour, day or month`, {
    hint: 'Write it in UTC as 2026-11, 2026-11-27 or 2026-11-27T18.',
  });
}
