import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EventLoopTurns } from '../../src/node/event-loop-turns.ts';

function busy(ms: number): void {
  const endsAtMs = performance.now() + ms;
  while (performance.now() < endsAtMs);
}

test('the first task of a turn runs at once, and the others in order', async () => {
  const turns = new EventLoopTurns();
  const done: number[] = [];
  for (const piece of [1, 2, 3]) turns.do(() => done.push(piece));
  expect(done).toEqual([1]);
  await turns.next();
  expect(done).toEqual([1, 2, 3]);
});

test('a slow task leaves the rest to later turns, also when a promise runs it', async () => {
  const turns = new EventLoopTurns();
  let done = 0;
  const all = Array.from({ length: 30 }, async () => {
    await turns.next();
    busy(5);
    done += 1;
  });
  let most = 0;
  while (done < 30) {
    const before = done;
    await nextTurn();
    most = Math.max(most, done - before);
  }
  await Promise.all(all);
  expect(most).toBeLessThanOrEqual(4);
});

test('tasks that take no time run many at a time', async () => {
  const turns = new EventLoopTurns();
  let done = 0;
  for (let piece = 0; piece < 300; piece += 1)
    turns.do(() => {
      done += 1;
    });
  let looks = 0;
  for (; done < 300; looks += 1) await nextTurn();
  expect(looks).toBeLessThan(40);
});

test('a failing task does not stop the tasks after it', async () => {
  const turns = new EventLoopTurns();
  const failures: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', (error) => failures.push(error));
  turns.do(() => {});
  turns.do(() => {
    throw new Error('no');
  });
  await turns.next();
  for (const listener of listeners) process.on('uncaughtException', listener);
  expect(failures).toMatchObject([{ message: 'no' }]);
});
