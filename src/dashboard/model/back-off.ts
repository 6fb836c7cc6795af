/** When a lost connection is tried again. Pure. */

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/**
 * @param failures how many tries in a row have failed, from 1
 * @param random from 0 to 1: dashboards that lost the same server do not come back at the same moment
 */
export function backOffMs(failures: number, random: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return Math.round(longest * (0.5 + random / 2));
}
