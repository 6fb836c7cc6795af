import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { SYSTEM, tokenActor } from '../../../src/core/access/actor.ts';
import { parseScope } from '../../../src/core/access/scope.ts';
import type { EventType } from '../../../src/core/lifecycle/event-types.ts';
import type { InstanceName } from '../../../src/core/lifecycle/instance.ts';
import { isMeant } from '../../../src/core/stores/event-log.ts';
import { silentLogger } from '../../../src/logger.ts';
import { systemClock } from '../../../src/node/clock.ts';
import { type Database, openDatabase } from '../../../src/registry/database.ts';
import { createEventLog } from '../../../src/registry/events/events.ts';
import { MIGRATIONS } from '../../../src/registry/migrations.ts';

/** How many migrations the schema had before events had an actor. */
const BEFORE_ACTORS = MIGRATIONS.findIndex((sql) => sql.includes('ALTER TABLE events ADD COLUMN actor'));

function memory(): Database {
  const database = openDatabase(':memory:');
  onTestFinished(() => database.close());
  return database;
}

const logOver = (database: Database) => createEventLog(database, { clock: systemClock, logger: silentLogger() });

test('an event keeps who made the change, and from where', () => {
  const events = logOver(memory());
  const by = tokenActor({ id: 'a1', name: 'ci' }, '192.0.2.1');
  const made = events.append({ atMs: 1, type: 'tenant-started', instance: 'api:acme', message: '', data: {}, by });
  expect(made).toMatchObject({ tenant: 'acme', actor: 'ci', tokenId: 'a1', address: '192.0.2.1' });
  expect(events.list({})).toEqual([made]);
});

test('an event may concern a tenant without an instance', () => {
  const events = logOver(memory());
  events.append({ atMs: 1, type: 'tenant-stopped', instance: null, tenant: 'acme', message: '', data: {}, by: SYSTEM });
  events.append({ atMs: 1, type: 'reloaded', instance: null, message: '', data: { changes: [] }, by: SYSTEM });
  expect(events.list({ tenant: 'acme' }).map(({ type }) => type)).toEqual(['tenant-stopped']);
});

test('the registry filters as the follower of a stream does', () => {
  const instances = ['api:acme', 'api:globex', 'web:acme', 'apis:acme', null] as (InstanceName | null)[];
  const tenants = ['acme', 'globex', null];
  const events = logOver(memory());
  const all = instances.flatMap((instance) =>
    tenants.map((tenant) =>
      events.append({ atMs: 1, type: 'internal-error', instance, tenant, message: '', data: {}, by: SYSTEM }),
    ),
  );
  const filter = fc.record(
    {
      instance: fc.constantFrom<InstanceName>('api:acme', 'web:acme', 'web:none'),
      tenant: fc.constantFrom('acme', 'globex'),
      within: fc.constantFrom('admin', 'service:api', 'service:web', 'tenant:acme', 'tenant:globex').map(parseScope),
      afterSeq: fc.integer({ min: 0, max: 16 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(filter, (asked) => {
      expect(events.list(asked)).toEqual(all.filter((event) => isMeant(event, asked)));
    }),
  );
});

test("a tenant's scope begins after the last purge of its id, because the customer may be another", () => {
  const events = logOver(memory());
  const add = (type: EventType, instance: InstanceName, data = {}) =>
    events.append({ atMs: 1, type, instance, message: '', data, by: SYSTEM });
  add('spawned', 'api:acme');
  add('removed', 'api:acme', { purged: false });
  add('removed', 'api:globex', { purged: true });
  const seen = (scope: string) => events.list({ within: parseScope(scope) }).map(({ seq }) => seq);
  expect(seen('tenant:acme')).toEqual([1, 2]);
  add('removed', 'api:acme', { purged: true });
  expect(seen('tenant:acme')).toEqual([]);
  add('spawned', 'api:acme');
  expect([seen('tenant:acme'), seen('service:api')]).toEqual([[5], [1, 2, 3, 4, 5]]);
});

test('events of an earlier version belong to the tenants of their instances, and name no actor', () => {
  const old = memory();
  old.exec('DROP TABLE events');
  old.exec(/CREATE TABLE events[^;]*;/.exec(MIGRATIONS[0] ?? '')?.[0] ?? '');
  old.exec("INSERT INTO events VALUES (1, 1, 'woke', 'api:acme', '', '{}'), (2, 1, 'reloaded', NULL, '', '{}')");
  old.exec(MIGRATIONS[BEFORE_ACTORS] ?? '');
  const kept = logOver(old).list({});
  expect(kept.map(({ tenant, actor }) => [tenant, actor])).toEqual([
    ['acme', null],
    [null, null],
  ]);
});
