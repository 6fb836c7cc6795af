import { expect, test } from 'vitest';
import { withinGrace } from '../../src/proxy/grace.ts';

/** Longer than a test may take. */
const LONG_MS = 600_000;

test('a grace period ends with the pending work, and at once without any', async () => {
  await withinGrace(LONG_MS, undefined, (onDone) => onDone());
  const { promise, resolve } = Promise.withResolvers<() => void>();
  const waited = withinGrace(LONG_MS, undefined, resolve);
  (await promise)();
  await waited;
});

test('a grace period ends after its time', async () => {
  await withinGrace(1, undefined, () => {});
});

test('a grace period ends when the hurry signal aborts, or was aborted before', async () => {
  const hurry = new AbortController();
  const waited = withinGrace(LONG_MS, hurry.signal, () => {});
  hurry.abort();
  await waited;
  await withinGrace(LONG_MS, hurry.signal, () => {});
});

test('a grace period leaves no timer behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  await withinGrace(LONG_MS, undefined, (onDone) => onDone());
  expect(timers()).toBe(before);
});
