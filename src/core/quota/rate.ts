/** A rate of requests, as a plan states it: `"20/s burst 40"`. Pure. */

export interface Rate {
  readonly requests: number;
  /** The unit that `requests` come in, in seconds. */
  readonly perS: number;
  /** How many requests may come at once after a pause. */
  readonly burst: number;
}

const UNITS_S: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
]);
const RATE = /^(\d{1,9})\/([a-z]+)(?: burst (\d{1,9}))?$/;

const EXPECTED = 'expected a rate like "20/s" or "20/s burst 40"';

/** Returns the rate, or what is wrong with the text. Without a burst, as many requests as one unit has may come at once. */
export function parseRate(text: string): Rate | string {
  const [, requests, unit = '', burst = requests] = RATE.exec(text.trim()) ?? [];
  if (requests === undefined) return `${EXPECTED}, but this is ${JSON.stringify(text.slice(0, 80))}`;
  const perS = UNITS_S.get(unit);
  if (perS === undefined) return `expected a rate per "s", "m" or "h", but this is per "${unit}"`;
  if (Number(requests) === 0) return 'expected a rate of 1 or more, but this is 0, which would refuse all requests';
  if (Number(burst) === 0) return 'expected a burst of 1 or more, but this is 0, which would refuse all requests';
  return { requests: Number(requests), perS, burst: Number(burst) };
}
