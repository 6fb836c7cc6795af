import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageWorld } from './world.ts';

const INSTANCES = 3;
const MOST_LOAD = 2;
const YEAR_MS = 365 * 86_400_000;
/** Sums of thousands of floating-point steps. */
const ROUNDING = 1e-6;

const index = fc.nat(INSTANCES - 1);
const step: fc.Arbitrary<(world: UsageWorld) => void> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 100, max: 9000 }).map((ms) => (world: UsageWorld) => world.pass(ms)) },
  fc.tuple(index, fc.double({ min: 0, max: MOST_LOAD, noNaN: true })).map(
    ([which, load]) =>
      (world: UsageWorld) =>
        world.start(which, load),
  ),
  index.map((which) => (world: UsageWorld) => world.crash(which)),
  fc.tuple(index, fc.boolean()).map(
    ([which, isFrozen]) =>
      (world: UsageWorld) =>
        world.freeze(which, isFrozen),
  ),
  index.map((which) => (world: UsageWorld) => world.request(which)),
  fc
    .constantFrom(YEAR_MS, -YEAR_MS, 3_600_000, -3_600_000, 400, -400)
    .map((byMs) => (world: UsageWorld) => world.setClock(byMs)),
  fc.tuple(fc.integer({ min: 0, max: 9000 }), index).map(
    ([downMs, gone]) =>
      (world: UsageWorld) =>
        world.kill(downMs, gone),
  ),
);

test('the use of instances is counted once through starts, crashes, kills of the server and set clocks, but for the last second before a kill', () => {
  const runs = fc.array(step, { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(runs, (steps) => {
      const world = new UsageWorld(INSTANCES);
      for (const run of steps) run(world);
      expectCounted(world);
    }),
    { numRuns: 300 },
  );
});

function expectCounted(world: UsageWorld): void {
  const { truth, slack } = world;
  let missingRequests = 0;
  truth.forEach((real, which) => {
    const written = world.written(which);
    missingRequests += real.requests - written.requests;
    // A second is lost with a kill only if the process is, too.
    // One that was resumed since it was last written counts as awake since then.
    within(written.awakeSeconds, real.awakeSeconds, slack.kills, slack.kills);
    within(written.cpuSeconds, real.cpuSeconds, MOST_LOAD * slack.kills);
  });
  expect(missingRequests).toBeGreaterThanOrEqual(0);
  expect(missingRequests).toBeLessThanOrEqual(slack.requests);
  expectHours(world);
}

/** At most `lost` less than the truth, and at most `more` more. */
function within(written: number, real: number, lost: number, more = 0): void {
  expect(written).toBeLessThanOrEqual(real + more + ROUNDING);
  expect(written).toBeGreaterThanOrEqual(real - lost - ROUNDING);
}

function expectHours({ store, awakeByHour, slack }: UsageWorld): void {
  const byHour = new Map<number, number>();
  for (const hours of store.written.values()) {
    for (const [hour, { awakeSeconds }] of hours) byHour.set(hour, (byHour.get(hour) ?? 0) + awakeSeconds);
  }
  for (const [hour, seconds] of byHour) {
    const most = (awakeByHour.get(hour) ?? 0) + INSTANCES * slack.hourSeconds;
    expect(seconds, `hour ${hour}`).toBeLessThanOrEqual(most + ROUNDING);
  }
}
