/**
 * Makes every attempt at one level of isolation, and compares the outcome with the documentation. Attempts that work
 * although one might not expect it are in the tables of `attempts`, with a reason.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEVELS, type Level, type LevelName, supported } from './levels.ts';
import { openScene, type Scene } from './scene.ts';
import { type Trial, trialsAt } from './trial.ts';

/** Some attempts need many starts, which are slow in a sandbox and on a busy machine. */
const TIMEOUT_MS = 300_000;

export async function tryAllAt(name: LevelName): Promise<void> {
  for (const level of LEVELS.filter((each) => each.name === name)) {
    const refused = await supported(level);
    const trials = await trialsAt(level);
    const title = refused === null ? level.name : `${level.name} (not here: ${refused})`;
    describe.skipIf(refused !== null)(`a hostile tenant at ${title}`, () => tryAll(level, trials));
  }
}

function tryAll(level: Level, trials: readonly Trial[]): void {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene(level);
  }, TIMEOUT_MS);
  afterAll(() => scene?.close(), TIMEOUT_MS);
  for (const { attempt, expected, why, skipped } of trials) {
    const cannot = expected === 'denied' ? 'cannot' : 'can';
    const because = skipped ?? why;
    const title = `${cannot} ${attempt.what}${because === null ? '' : ` (${because})`}`;
    it.skipIf(skipped !== null)(title, { timeout: TIMEOUT_MS }, async () => {
      expect(await attempt.tryIt(scene)).toEqual({ outcome: expected, detail: expect.any(String) });
    });
  }
}
