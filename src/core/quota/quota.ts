/** A quota, as a plan states it: an amount for each period, `"10000/month"` or `"10GB/month"`. Pure. */
import { parseDurationMs } from '../limits/units.ts';
import { isPeriod, type Period } from './period.ts';

/** What a quota may count: `requests` forwarded, seconds of `cpu` time and `awake`, bytes of `egress`. */
export const QUOTA_METERS = ['requests', 'cpu', 'awake', 'egress'] as const;

/** What a quota counts. */
export type QuotaMeter = (typeof QUOTA_METERS)[number];

export interface Quota {
  readonly meter: QuotaMeter;
  /** Requests, seconds or bytes. */
  readonly limit: number;
  readonly period: Period;
}

/** Decimal units, and binary ones with an `i`. */
const BYTES: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['kB', 1000],
  ...[...'KMGT'].flatMap((letter, index): [string, number][] => [
    [`${letter}B`, 1000 ** (index + 1)],
    [`${letter}iB`, 1024 ** (index + 1)],
  ]),
]);

const EXAMPLES: Readonly<Record<QuotaMeter, string>> = {
  requests: '"10000/month"',
  cpu: '"1h/month"',
  awake: '"50h/month"',
  egress: '"10GB/month"',
};

/** Returns the quota, or what is wrong with the text. */
export function parseQuota(meter: QuotaMeter, text: string): Quota | string {
  const expected = `expected an amount for each period, like ${EXAMPLES[meter]}, but this is`;
  const shown = JSON.stringify(text.slice(0, 80));
  const [amount = '', period, ...more] = text.split('/').map((part) => part.trim());
  const limit = amountOf(meter, amount);
  if (period === undefined || more.length > 0 || limit === null) return `${expected} ${shown}`;
  if (!isPeriod(period))
    return `expected an amount for each "hour", "day" or "month", but this is for each "${period.slice(0, 80)}"`;
  if (limit === 0) return `expected a quota over 0, but this is ${shown}, which would refuse all requests`;
  return { meter, limit, period };
}

function amountOf(meter: QuotaMeter, text: string): number | null {
  switch (meter) {
    case 'requests':
      return /^\d{1,15}$/.test(text) ? Number(text) : null;
    case 'cpu':
    case 'awake': {
      const ms = parseDurationMs(text);
      return ms === null ? null : ms / 1000;
    }
    case 'egress':
      return bytesOf(text);
  }
}

function bytesOf(text: string): number | null {
  const [, count, unit = ''] = /^(\d{1,15}) ?([A-Za-z]+)$/.exec(text) ?? [];
  const bytes = Number(count) * (BYTES.get(unit) ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : null;
}
