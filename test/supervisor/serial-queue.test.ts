import { expect, test } from 'vitest';
import { SerialQueue } from '../../src/supervisor/serial-queue.ts';

const fail = (_item: string, error: unknown) => {
  throw error;
};

test('an event that arrives while another is handled waits for its end', () => {
  const heard: string[] = [];
  const queue: SerialQueue<string> = new SerialQueue((item) => {
    heard.push(`begin ${item}`);
    if (item === 'a') queue.push('b');
    heard.push(`end ${item}`);
  }, fail);
  queue.push('a');
  expect(heard).toEqual(['begin a', 'end a', 'begin b', 'end b']);
});

test('an event that fails does not block the next ones', () => {
  const heard: string[] = [];
  const failed: string[] = [];
  const queue = new SerialQueue(
    (item: string) => {
      if (item === 'bad') throw new Error('no');
      heard.push(item);
      if (item === 'first') for (const next of ['bad', 'good']) queue.push(next);
    },
    (item, error) => failed.push(`${item}: ${String(error)}`),
  );
  queue.push('first');
  expect([heard, failed]).toEqual([['first', 'good'], ['bad: Error: no']]);
});
