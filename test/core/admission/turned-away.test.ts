import { expect, test } from 'vitest';
import { TurnedAway } from '../../../src/core/admission/turned-away.ts';

test('the first refused connection is reported at once, and later ones together every ten seconds', () => {
  const turnedAway = new TurnedAway();
  const reports = [0, 1, 9999, 10_000, 10_001].map((ms) => turnedAway.count('proxy', '192.0.2.1', 100, ms));
  expect(reports.map((report) => report?.connections ?? null)).toEqual([1, null, null, 3, null]);
  expect(reports[3]).toEqual({ listener: 'proxy', connections: 3, client: '192.0.2.1', limit: 100 });
});

test('each listener is reported and counted for itself', () => {
  const turnedAway = new TurnedAway();
  expect(turnedAway.count('proxy', null, 100, 0)).toMatchObject({ listener: 'proxy', client: null });
  expect(turnedAway.count('api', null, 10, 0)).toMatchObject({ listener: 'api', connections: 1 });
  turnedAway.count('api', null, 10, 1);
  expect([...turnedAway.entries()]).toEqual([
    ['proxy', 1],
    ['api', 2],
  ]);
});

test('connections refused by a worker are in the totals, and not reported again', () => {
  const turnedAway = new TurnedAway();
  turnedAway.add('proxy', 5);
  expect(turnedAway.count('proxy', null, 100, 0)?.connections).toBe(1);
  expect([...turnedAway.entries()]).toEqual([['proxy', 6]]);
});
