/** Adds up what was used in an hour or a longer time. Pure. */
import { METERS, type Meter, type MeterValues } from './meters.ts';

export const METER_NAMES = Object.keys(METERS) as readonly Meter[];

/** Totals of all meters. */
export type Tally = { [Name in Meter]: number };

export function newTally(): Tally {
  return Object.fromEntries(METER_NAMES.map((meter) => [meter, 0])) as Tally;
}

/** Adds to a tally. Returns whether it has changed. */
export function addTo(tally: Tally, values: MeterValues): boolean {
  let changed = false;
  for (const meter of METER_NAMES) {
    const value = values[meter] ?? 0;
    const before = tally[meter];
    tally[meter] = METERS[meter] === 'highest' ? Math.max(before, value) : before + value;
    changed ||= tally[meter] !== before;
  }
  return changed;
}
