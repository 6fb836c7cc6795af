import { expect, it } from 'vitest';
import { SYSTEM } from '../../../src/core/access/actor.ts';
import { ChangeLog } from '../../../src/core/dashboard/change-log.ts';
import { numbered } from '../../../src/core/stores/event-log.ts';

const event = (seq: number) =>
  numbered(seq, { atMs: 0, type: 'woke', instance: null, message: '', data: {}, by: SYSTEM });

function batch(log: ChangeLog, ...names: string[]): void {
  for (const name of names) log.mark(name);
  log.close();
}

const namesSince = (log: ChangeLog, version: number) => {
  const changes = log.since(version);
  return changes === null ? null : [...changes.names];
};

it('has nothing for a client that has the newest batch', () => {
  const log = new ChangeLog(7);
  expect(log.version).toBe(7);
  expect(log.since(7)).toEqual({ names: new Set(), events: [], version: 7 });
  batch(log, 'acme');
  expect(namesSince(log, log.version)).toEqual([]);
});

it('joins the batches that a client lacks, each name once', () => {
  const log = new ChangeLog(0);
  batch(log, 'api:acme', 'acme');
  batch(log, 'api:globex');
  batch(log, 'api:acme');
  expect(namesSince(log, 0)).toEqual(['api:acme', 'acme', 'api:globex']);
  expect(namesSince(log, 1)).toEqual(['api:globex', 'api:acme']);
  expect(namesSince(log, 2)).toEqual(['api:acme']);
  expect(log.since(0)?.version).toBe(3);
});

it('closes no batch while nothing has changed', () => {
  const log = new ChangeLog(0);
  expect([log.isOpen, log.close(), log.version]).toEqual([false, false, 0]);
  log.mark('acme');
  expect([log.isOpen, log.close(), log.version, log.isOpen]).toEqual([true, true, 1, false]);
});

it('does not show what is in no batch yet', () => {
  const log = new ChangeLog(0);
  log.mark('acme');
  expect(namesSince(log, 0)).toEqual([]);
});

it('keeps events in order', () => {
  const log = new ChangeLog(0);
  log.note(event(1));
  log.close();
  log.note(event(2));
  log.note(event(3));
  log.close();
  expect(log.since(0)?.events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(log.since(1)?.events.map(({ seq }) => seq)).toEqual([2, 3]);
});

it('does not know a version before its first batch or after its last', () => {
  const log = new ChangeLog(5);
  batch(log, 'acme');
  expect([log.since(4), log.since(7)]).toEqual([null, null]);
});

it('drops its oldest batches beyond its bound, and says so to clients that lack them', () => {
  const log = new ChangeLog(0, 10);
  for (let at = 0; at < 1000; at += 1) batch(log, `a${at}`, `b${at}`, `c${at}`);
  expect(log.since(0)).toBeNull();
  expect(log.since(996)).toBeNull();
  expect(namesSince(log, 997)).toHaveLength(9);
  expect(log.version).toBe(1000);
});

it('drops even a single batch that is over its bound', () => {
  const log = new ChangeLog(0, 2);
  batch(log, 'a', 'b', 'c');
  expect(log.since(0)).toBeNull();
  expect(namesSince(log, 1)).toEqual([]);
});

it('bounds the events of one batch', () => {
  const log = new ChangeLog(0, 100);
  for (let seq = 1; seq <= 100_000; seq += 1) log.note(event(seq));
  log.close();
  expect(log.since(0)?.events).toHaveLength(100);
  expect(log.since(0)?.events.at(-1)?.seq).toBe(100_000);
});
