import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { SYSTEM } from '../../../src/core/access/actor.ts';
import type { EventType } from '../../../src/core/lifecycle/event-types.ts';
import type { NotifyTarget } from '../../../src/core/notify/notify-target.ts';
import { isLockedOut } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/logger.ts';
import { systemClock } from '../../../src/node/clock.ts';
import { openDatabase } from '../../../src/registry/database.ts';
import { createEventLog } from '../../../src/registry/events/events.ts';
import { RegistryOutbox } from '../../../src/registry/events/outbox.ts';

const ALL: NotifyTarget = { url: 'https://a.example.com/', events: null, secretFile: null, allowPrivate: false };
const FAILED: NotifyTarget = { ...ALL, url: 'https://b.example.com/', events: ['failed'] };

function opened(file = ':memory:') {
  const database = openDatabase(file);
  const outbox = new RegistryOutbox(database);
  const events = createEventLog(database, { clock: systemClock, logger: silentLogger(), outbox });
  const add = (type: EventType, instance: 'api:acme' | null = 'api:acme') =>
    events.append({ atMs: 1000, type, instance, message: '', data: {}, by: SYSTEM });
  return { database, outbox, events, add };
}

/** A registry in a file, and another connection to it. */
function shared() {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const file = join(dir, 'tenement.db');
  const own = opened(file);
  const other = new DatabaseSync(file);
  onTestFinished(() => {
    other.close();
    own.database.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { ...own, other };
}

test('a message is written for each target that wants the event', () => {
  const { outbox, add } = opened();
  outbox.follow([ALL, FAILED]);
  add('ready');
  add('failed', null);
  expect(outbox.queues(ALL.url).toSorted()).toEqual(['acme', null]);
  expect(outbox.queues(FAILED.url)).toEqual([null]);
  expect(outbox.head(ALL.url, 'acme')).toMatchObject({ seq: 1, tenantId: 'acme', atMs: 1000, failures: 0 });
  expect(outbox.head(FAILED.url, null)).toMatchObject({ seq: 2 });
  expect(outbox.head(FAILED.url, 'acme')).toBe(null);
});

test('an event and its messages are written together or not at all', () => {
  const { database, outbox, events, add } = opened();
  outbox.follow([ALL]);
  database.exec('CREATE TRIGGER broken BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, "full"); END');
  add('failed');
  expect(database.prepare('SELECT count(*) AS count FROM events').get()).toEqual({ count: 0 });
  expect(events.list({})).toMatchObject([{ type: 'failed' }]);
  database.exec('DROP TRIGGER broken');
});

test('events that waited for a lock become messages in order when it has gone', async () => {
  const { outbox, events, other, add } = shared();
  outbox.follow([ALL]);
  const added: unknown[] = [];
  outbox.listen({ added: (...what) => void added.push(what), dropped: () => {} });
  other.exec('BEGIN IMMEDIATE');
  add('spawned');
  add('ready', null);
  expect(added).toEqual([]);
  other.exec('COMMIT');
  await events.settled(60_000);
  expect(added).toEqual([
    [ALL.url, 'acme'],
    [ALL.url, null],
  ]);
  expect(outbox.history(ALL.url).pending).toBe(2);
});

test('what becomes of a message is one transaction, which a lock refuses', () => {
  const { outbox, other, add } = shared();
  outbox.follow([ALL]);
  add('failed');
  const message = outbox.head(ALL.url, 'acme');
  if (message === null) throw new Error('the message is there');
  other.exec('BEGIN IMMEDIATE');
  const refused = () => {
    try {
      outbox.accepted(message, 2000);
      return null;
    } catch (error) {
      return error;
    }
  };
  expect(isLockedOut(refused())).toBe(true);
  other.exec('COMMIT');
  expect(outbox.history(ALL.url)).toMatchObject({ pending: 1, lastSuccessAtMs: null });
  outbox.failed(message, { atMs: 1500, reason: 'answered 500' }, 6500);
  expect(outbox.head(ALL.url, 'acme')).toMatchObject({ failures: 1, nextTryAtMs: 6500 });
  expect(refused()).toBe(null);
  expect(outbox.history(ALL.url)).toEqual({
    pending: 0,
    givenUp: 0,
    dropped: 0,
    lastSuccessAtMs: 2000,
    lastFailure: { atMs: 1500, reason: 'answered 500' },
  });
});

test('messages and histories of other targets are removed, those of the followed stay over a restart', () => {
  const { database, outbox, add } = opened();
  outbox.follow([ALL, FAILED]);
  add('failed');
  const next = new RegistryOutbox(database);
  next.follow([FAILED]);
  next.removeOthers();
  expect(next.history(FAILED.url).pending).toBe(1);
  expect([next.history(ALL.url).pending, next.queues(ALL.url)]).toEqual([0, []]);
  const none = new RegistryOutbox(database);
  none.removeOthers();
  expect(database.prepare('SELECT count(*) AS count FROM outbox').get()).toEqual({ count: 0 });
});
