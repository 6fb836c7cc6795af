import { expect, test } from 'vitest';
import { NO_KEYS } from '../../src/core/identity/key-feed.ts';
import { RemoteKeys } from '../../src/workers/remote-keys.ts';

test('a worker asks the server once for all its requests, and again after the answer', async () => {
  let asked = 0;
  const keys = new RemoteKeys(() => {
    asked += 1;
  });
  const waiting = Promise.all([keys.refresh(), keys.refresh()]);
  expect(asked).toBe(1);
  keys.publish({ ...NO_KEYS, version: 1, secrets: ['s'] });
  keys.refreshed();
  await waiting;
  expect(keys.current.version).toBe(1);
  void keys.refresh();
  expect(asked).toBe(2);
});
