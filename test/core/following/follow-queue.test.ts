import { expect, test } from 'vitest';
import { FollowQueue } from '../../../src/core/following/follow-queue.ts';

test('a queue delivers items in batches, and ends after the waiting ones', async () => {
  const queue = new FollowQueue<string>((text) => text.length);
  queue.push('a');
  queue.push('b');
  const batches = queue.batches();
  expect((await batches.next()).value).toEqual(['a', 'b']);
  const next = batches.next();
  queue.push('c');
  queue.end();
  expect((await next).value).toEqual(['c']);
  expect((await batches.next()).done).toBe(true);
});

test('a queue over its limit says so, drops everything and ends', async () => {
  const queue = new FollowQueue<string>((text) => text.length, 3);
  for (const text of ['ab', 'cd', 'ef']) queue.push(text);
  expect(queue.take()).toEqual([]);
  expect(queue.overflow.aborted).toBe(true);
  expect((await queue.batches().next()).done).toBe(true);
});
