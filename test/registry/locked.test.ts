/** Another process holds the lock of the registry. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SYSTEM } from '../../src/core/access/actor.ts';
import { EVERYTHING } from '../../src/core/access/permission.ts';
import type { EventType } from '../../src/core/lifecycle/event-types.ts';
import { newRecord } from '../../src/core/lifecycle/instance.ts';
import type { TenementEvent } from '../../src/core/stores/event-log.ts';
import { isLockedOut } from '../../src/errors.ts';
import { silentLogger } from '../../src/logger.ts';
import { systemClock } from '../../src/node/clock.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createEventLog } from '../../src/registry/events/events.ts';
import { createRegistry } from '../../src/registry/instances.ts';
import { whenWritable } from '../../src/registry/patience.ts';
import { createTenantStore } from '../../src/registry/tenants.ts';
import { createTokenStore } from '../../src/registry/tokens/tokens.ts';

const QUIET = { clock: systemClock, logger: silentLogger() };
const CI = { name: 'ci', ...EVERYTHING, expiresAtMs: null };
const RECORD = newRecord('api', 'acme', { env: {}, limits: {} }, 1000);
const event = (type: EventType) => ({
  atMs: 1000,
  type,
  instance: 'api:acme' as const,
  message: '',
  data: {},
  by: SYSTEM,
});

/** A registry, and another connection to it that holds the lock until `release`. */
function locked() {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const file = join(dir, 'tenement.db');
  const database = openDatabase(file);
  const other = new DatabaseSync(file);
  onTestFinished(() => {
    other.close();
    database.close();
    rmSync(dir, { recursive: true, force: true });
  });
  other.exec('BEGIN IMMEDIATE');
  return { database, release: () => other.exec('COMMIT') };
}

const eventsOf = (database: DatabaseSync, keep = 1000) =>
  createEventLog(database, { clock: systemClock, logger: silentLogger(), keep });

test('a write fails at once, and says why', () => {
  const { database, release } = locked();
  const registry = createRegistry(database);
  for (const durable of [true, false]) {
    const begunMs = performance.now();
    const error = caught(() => registry.save(RECORD, durable));
    expect(performance.now() - begunMs).toBeLessThan(1000);
    expect(isLockedOut(error)).toBe(true);
    expect(error).toMatchObject({ code: 'state_failed', message: expect.stringContaining('another process holds') });
  }
  expect(isLockedOut(caught(() => registry.saveAll([RECORD])))).toBe(true);
  expect(registry.list()).toEqual([]);
  release();
  registry.save(RECORD, true);
  expect(registry.list()).toEqual([RECORD]);
});

test('waiting writes are done when the lock is gone', async () => {
  const { database, release } = locked();
  const registry = createRegistry(database);
  let attempts = 0;
  const writing = registry.whenWritable(() => {
    attempts += 1;
    registry.save(RECORD, true);
  });
  const token = createTokenStore(database, QUIET).create(CI);
  await expect.poll(() => attempts).toBeGreaterThan(2);
  release();
  await writing;
  expect(registry.list()).toEqual([RECORD]);
  expect(createTokenStore(database, QUIET).check((await token).token)).toMatchObject({ ok: true, token: CI });
});

test('waiting writes fail when the lock stays for some seconds', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { database } = locked();
  const tenants = createTenantStore(database);
  let attempts = 0;
  const failing = whenWritable(() => {
    attempts += 1;
    tenants.commit({ tenantId: 'acme', removeInstances: ['api'] });
  }).catch((error) => error);
  vi.advanceTimersByTime(4900);
  const before = attempts;
  await expect.poll(() => attempts).toBeGreaterThan(before + 1);
  vi.advanceTimersByTime(100);
  expect(isLockedOut(await failing)).toBe(true);
});

test('events are numbered, announced and listed at once, and written in order when the lock has gone', async () => {
  const { database, release } = locked();
  const events = eventsOf(database);
  const heard: TenementEvent[] = [];
  events.subscribe((one) => heard.push(one));
  for (const type of ['spawned', 'started', 'ready'] as const) events.append(event(type));
  expect(heard.map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'spawned'],
    [2, 'started'],
    [3, 'ready'],
  ]);
  expect(eventsOf(database).list({})).toEqual([]);
  expect(events.list({ afterSeq: 1, instance: 'api:acme' })).toEqual(heard.slice(1));
  release();
  await events.settled(60_000);
  events.append(event('slept'));
  expect(
    eventsOf(database)
      .list({})
      .map(({ seq, type }) => [seq, type]),
  ).toEqual([
    [1, 'spawned'],
    [2, 'started'],
    [3, 'ready'],
    [4, 'slept'],
  ]);
  expect(events.list({})).toEqual(eventsOf(database).list({}));
  expect(eventsOf(database).append(event('stopped')).seq).toBe(5);
});

test('the next event after the lock has gone is written at once, with those before it (bug: a killed server lost them)', () => {
  const { database, release } = locked();
  const events = eventsOf(database);
  for (const type of ['woke', 'ready'] as const) events.append(event(type));
  release();
  events.append(event('spawned'));
  const written = eventsOf(database).list({});
  expect(written.map(({ type }) => type)).toEqual(['woke', 'ready', 'spawned']);
});

test('a bounded number of events is kept meanwhile, the newest', () => {
  const { database } = locked();
  const events = eventsOf(database, 10);
  for (let index = 1; index <= 100; index += 1) events.append({ ...event('woke'), message: `e${index}` });
  expect(events.list({}).map(({ message }) => message)).toEqual(
    Array.from({ length: 10 }, (_, index) => `e${91 + index}`),
  );
});

function caught(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return null;
}
