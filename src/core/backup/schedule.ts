/** When the schedule of backups is due. Pure. */

/** How long from one look at the clock to the next: a timer measures steady time, and the machine may have slept. */
export const LOOK_AGAIN_MS = 60_000;
/** Servers with the same schedule begin within this time of each other, and not in the same second. */
const SPREAD_MS = 60_000;
/** FNV-1a, 32 bits. */
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** Returns by how much a server's runs come after the times of its schedule. One with seconds is kept to the second. */
export function spreadMs(cron: string, server: string): number {
  if (cron.trim().split(/\s+/).length > 5) return 0;
  let hash = OFFSET_BASIS;
  for (const character of server) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), PRIME);
  return (hash >>> 0) % SPREAD_MS;
}

export interface Due {
  /** Whether to run now. Several times that were missed are one run. */
  readonly isDue: boolean;
  /** What to take for the last run from now on, ms since the epoch. */
  readonly lastRunAtMs: number;
  /** How long until the next look. */
  readonly lookInMs: number;
}

/**
 * @param lastRunAtMs null: the schedule is new, and begins now
 * @param nextTimeMs returns the first time of the schedule after another; null: there is none
 */
export function judgeSchedule(
  lastRunAtMs: number | null,
  nowMs: number,
  delayMs: number,
  nextTimeMs: (afterMs: number) => number | null,
): Due {
  // After a clock that was ahead is set right, the last run would be in the future.
  const since = Math.min(lastRunAtMs ?? nowMs, nowMs);
  const time = nextTimeMs(since);
  const isDue = time !== null && time + delayMs <= nowMs;
  const next = isDue ? nextTimeMs(nowMs) : time;
  const inMs = next === null ? LOOK_AGAIN_MS : next + delayMs - nowMs;
  return { isDue, lastRunAtMs: isDue ? nowMs : since, lookInMs: Math.max(1, Math.min(inMs, LOOK_AGAIN_MS)) };
}
