/** Which attempts can be made at a level on this machine, and their expected outcomes. */
import type { Attempt, Finding } from './attempt.ts';
import { ATTEMPTS } from './attempts.ts';
import { CAP_KEYS, type Level, supported } from './levels.ts';

export interface Trial {
  readonly attempt: Attempt;
  readonly expected: Finding['outcome'];
  /** Why the attempt should work; null when it should be denied. */
  readonly why: string | null;
  /** Why the attempt is skipped; null when it is made. */
  readonly skipped: string | null;
}

export function trialsAt(level: Level): Promise<Trial[]> {
  return Promise.all(ATTEMPTS.map((attempt) => trialOf(attempt, level)));
}

async function trialOf(attempt: Attempt, level: Level): Promise<Trial> {
  const why = attempt.worksAt[level.name] ?? null;
  return { attempt, why, expected: why === null ? 'denied' : 'done', skipped: await whySkipped(attempt, level) };
}

async function whySkipped({ cap, lack, pointlessAt }: Attempt, level: Level): Promise<string | null> {
  const refused = (await supported(level)) ?? (cap === undefined ? null : await supported(level, CAP_KEYS[cap]));
  return refused ?? pointlessAt?.[level.name] ?? lack?.() ?? null;
}
