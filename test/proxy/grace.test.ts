import { expect, test } from 'vitest';
import { withinGrace } from '../../src/proxy/grace.ts';

/** Longer than a test may take. */
const LONG_MS = 600_000;

test('it ends with what was under way, when there is nothing more too', async () => {
  await withinGrace(LONG_MS, undefined, (onDone) => onDone());
  const { promise, resolve } = Promise.withResolvers<() => void>();
  const waited = withinGrace(LONG_MS, undefined, resolve);
  (await promise)();
  await waited;
});

test('it ends with the grace', async () => {
  await withinGrace(1, undefined, () => {});
});

test('it ends when somebody is in a hurry, from the start too', async () => {
  const hurry = new AbortController();
  const waited = withinGrace(LONG_MS, hurry.signal, () => {});
  hurry.abort();
  await waited;
  await withinGrace(LONG_MS, hurry.signal, () => {});
});

test('it leaves no timer behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  await withinGrace(LONG_MS, undefined, (onDone) => onDone());
  expect(timers()).toBe(before);
});
