import { expect, it } from 'vitest';
import type { InstanceName } from '../../src/core/lifecycle/instance.ts';
import { silentLogger } from '../../src/logger.ts';
import { Activation } from '../../src/supervisor/activation.ts';

/** Each socket takes 1 ms to open. `turn()` runs the next slice. */
function street(open: (instance: InstanceName) => void = () => {}) {
  let nowMs = 0;
  const opened: InstanceName[] = [];
  const turns: (() => void)[] = [];
  const logged: Record<string, unknown>[] = [];
  const logger = { ...silentLogger(), info: (fields: object) => void logged.push({ ...fields }) };
  const activation = new Activation({
    logger,
    nowMs: () => nowMs,
    later: (run) => void turns.push(run),
    open: (instance) => {
      nowMs += 1;
      opened.push(instance);
      open(instance);
    },
  });
  return { activation, opened, logged, turns, turn: () => turns.shift()?.() };
}

const name = (index: number): InstanceName => `api:t${index}`;

it('activation opens few sockets before it returns, the last used first', () => {
  const { activation, opened, turns } = street();
  for (const usedAtMs of [3, 1, 2]) activation.add(name(usedAtMs), usedAtMs);
  activation.begin();
  expect(opened).toEqual([name(3), name(2), name(1)]);
  expect(turns).toHaveLength(0);
});

it('activation opens many sockets in slices, and reports when all are open', () => {
  const { activation, opened, logged, turns, turn } = street();
  for (let index = 0; index < 100; index += 1) activation.add(name(index), index);
  activation.begin();
  expect(opened).toHaveLength(30);
  turn();
  expect(opened).toHaveLength(38);
  while (turns.length > 0) turn();
  expect(opened).toEqual(Array.from({ length: 100 }, (_, index) => name(99 - index)));
  expect(logged).toEqual([{ count: 100, tookMs: 100 }]);
});

it('activation continues with sockets added meanwhile, and past a failing one', () => {
  const { activation, opened, turns, turn } = street((instance) => {
    if (instance === name(40)) throw new Error('no more files');
  });
  for (let index = 0; index < 100; index += 1) activation.add(name(index), index);
  activation.begin();
  activation.add(name(500), 500);
  activation.begin();
  expect(opened).toHaveLength(30);
  turn();
  expect(opened[30]).toBe(name(500));
  while (turns.length > 0) turn();
  expect(opened).toHaveLength(101);
});

it('activation opens no more sockets once it has ended', () => {
  const { activation, opened, logged, turns, turn } = street();
  for (let index = 0; index < 100; index += 1) activation.add(name(index), index);
  activation.begin();
  activation.end();
  while (turns.length > 0) turn();
  expect(opened).toHaveLength(30);
  expect(logged).toEqual([]);
});
