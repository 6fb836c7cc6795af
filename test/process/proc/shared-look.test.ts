import { expect, test } from 'vitest';
import { SharedLook } from '../../../src/process/proc/shared-look.ts';

test('callers at the same time share a look', async () => {
  let looks = 0;
  const shared = new SharedLook(async () => ++looks);
  expect(await Promise.all([shared.next(), shared.next()])).toEqual([1, 1]);
});

test("a caller during a look gets the next look, since this one may have passed the caller's process", async () => {
  const begun: PromiseWithResolvers<void>[] = [];
  const shared = new SharedLook(() => {
    const look = Promise.withResolvers<void>();
    begun.push(look);
    return look.promise.then(() => begun.length);
  });
  const first = shared.next();
  await expect.poll(() => begun.length).toBe(1);
  const later = [shared.next(), shared.next()];
  begun[0]?.resolve();
  expect(await first).toBe(1);
  await expect.poll(() => begun.length).toBe(2);
  begun[1]?.resolve();
  expect(await Promise.all(later)).toEqual([2, 2]);
});

test('a look that fails does not stand in the way of the next', async () => {
  let looks = 0;
  const shared = new SharedLook(async () => {
    looks += 1;
    if (looks === 1) throw new Error('no');
    return looks;
  });
  await expect(shared.next()).rejects.toThrow('no');
  expect(await shared.next()).toBe(2);
});
