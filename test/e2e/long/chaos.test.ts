import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { runChaos } from '../../chaos/run.ts';

test('everything goes wrong at once, and no promise is broken', { timeout: 300_000 }, async () => {
  const run = await runChaos({ seconds: 10, seed: 6, tenants: 12, customers: 1, pauseMs: 250, faultPauseMs: 300 });
  expect(run.broken).toEqual([]);
  expect(run.serverKills).toBeGreaterThan(0);
  expect(run.survivors.after).toBe(run.survivors.before);
  expect(run.tally.writes).toBeGreaterThan(0);
  expect(run.found.writes).toBe(run.tally.writes);
  expect(run.descriptors.after - run.descriptors.before).toBeLessThanOrEqual(3);
  // Hostile tenants nest directories deeper than a removal by path can follow.
  execFileSync('rm', ['-rf', run.dir]);
});
