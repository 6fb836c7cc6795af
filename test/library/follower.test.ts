import { expect, test } from 'vitest';
import { FollowQueue } from '../../src/core/following/follow-queue.ts';
import { follow } from '../../src/library/follower.ts';

function source(history: readonly string[] = [], limit?: number) {
  const queue = new FollowQueue<string>((text) => text.length, limit);
  let stops = 0;
  const stop = () => {
    stops += 1;
    queue.end();
  };
  return { history, queue, stop, stops: () => stops };
}

test('a follower yields the history, then what comes, and stops with its loop', async () => {
  const followed = source(['a']);
  const followers = new Set<() => void>();
  const read: string[] = [];
  followed.queue.push('b');
  for await (const item of follow(followed, { followers })) {
    read.push(item);
    if (item === 'a') followed.queue.push('c');
    if (item === 'c') break;
  }
  expect(read).toEqual(['a', 'b', 'c']);
  expect(followed.stops()).toBeGreaterThan(0);
  expect(followers.size).toBe(0);
});

test('a follower that nobody iterates over is stopped by its signal, and keeps nothing', async () => {
  const followed = source();
  const followers = new Set<() => void>();
  const controller = new AbortController();
  const follower = follow(followed, { followers, signal: controller.signal });
  controller.abort();
  expect(followed.stops()).toBe(1);
  expect(followers.size).toBe(0);
  expect(await follower.next()).toEqual({ done: true, value: undefined });
});

test('a signal that aborts, or a hypervisor that closes, ends a loop that waits', async () => {
  for (const end of [
    (controller: AbortController) => controller.abort(),
    (_: unknown, followers: Set<() => void>) => {
      for (const stop of followers) stop();
    },
  ]) {
    const followers = new Set<() => void>();
    const controller = new AbortController();
    const follower = follow(source(), { followers, signal: controller.signal });
    const next = follower.next();
    end(controller, followers);
    expect(await next).toEqual({ done: true, value: undefined });
  }
});

test('return() ends a next() that waits', async () => {
  const follower = follow(source(), { followers: new Set() });
  const next = follower.next();
  await follower.return?.();
  expect(await next).toMatchObject({ done: true });
});

test('a reader that is too slow gets an error, and what waited is dropped', async () => {
  const followed = source([], 10);
  const follower = follow(followed, { followers: new Set() });
  for (let count = 0; count < 20; count += 1) followed.queue.push('xx');
  await expect(follower.next()).rejects.toMatchObject({ code: 'reader_too_slow' });
  expect(followed.stops()).toBeGreaterThan(0);
});
