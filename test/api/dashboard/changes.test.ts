/** The feed and what a caller gets of it, over fakes and on a clock of the test. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Access } from '../../../src/api/access/access.ts';
import { ChangeFeed } from '../../../src/api/dashboard/change-feed.ts';
import { type ChangesItem, changesAfter, followChanges } from '../../../src/api/dashboard/changes.ts';
import { ABILITIES } from '../../../src/core/access/ability.ts';
import { SYSTEM } from '../../../src/core/access/actor.ts';
import { parseScope } from '../../../src/core/access/scope.ts';
import type { DashboardChange } from '../../../src/core/dashboard/views.ts';
import type { InstanceName } from '../../../src/core/lifecycle/instance.ts';
import { tenantView } from '../fake-tenants.ts';
import { fakeDeps, view } from '../fakes.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

const as = (scope: string): Access => ({
  actor: SYSTEM,
  grants: { scope: parseScope(scope), can: ABILITIES },
  token: null,
});

function started(scope = 'admin') {
  const deps = fakeDeps();
  const { supervisor, events } = deps;
  const feed = new ChangeFeed(deps);
  const add = (id: string) => {
    supervisor.views.set(`api:${id}`, view(`api:${id}`));
    supervisor.tenants.views.set(id, tenantView(id));
  };
  for (const id of ['acme', 'globex']) add(id);
  return { supervisor, events, feed, add, deps: { feed, live: supervisor.live, access: as(scope) } };
}

const tick = (times = 1) => vi.advanceTimersByTime(times * 1000);

/** Everything since a cursor, joined. */
async function since(cursor: string, deps: Parameters<typeof changesAfter>[1]): Promise<DashboardChange> {
  const all: DashboardChange[] = [];
  for await (const { change } of changesAfter(cursor, deps)) if (change !== null) all.push(change);
  return Object.assign({}, ...all);
}

const idsIn = ({ instances = [], tenants = [] }: DashboardChange) => [
  ...instances.map(({ instance }) => instance),
  ...tenants.map(({ id }) => id),
];

it('listens to nothing before it is used, and no more a minute after', () => {
  const { supervisor, events, feed } = started();
  const watch = vi.spyOn(supervisor.changes, 'watch');
  expect([events.listeners.all.size, vi.getTimerCount()]).toEqual([0, 0]);
  feed.begin();
  expect([events.listeners.all.size, vi.getTimerCount(), watch.mock.calls.length]).toEqual([1, 1, 1]);
  tick(60);
  expect(events.listeners.all.size).toBe(1);
  tick(2);
  expect([events.listeners.all.size, vi.getTimerCount()]).toEqual([0, 0]);
});

it('goes on while a client is there', () => {
  const { events, feed } = started();
  const leave = feed.join();
  tick(1000);
  expect(events.listeners.all.size).toBe(1);
  leave();
  leave();
  tick(62);
  expect(events.listeners.all.size).toBe(0);
});

it('joins the changes of a second, with the state at the time of reading', async () => {
  const { supervisor, feed, deps } = started();
  const cursor = feed.begin();
  for (const state of ['starting', 'ready', 'draining', 'asleep'] as const) {
    supervisor.views.set('api:acme', view('api:acme', { state }));
    supervisor.changes.tell('api:acme');
  }
  expect(await since(cursor, deps)).toEqual({});
  tick();
  const change = await since(cursor, deps);
  expect(change.instances).toMatchObject([{ instance: 'api:acme', state: 'asleep' }]);
  expect(Object.keys(change)).toEqual(['instances']);
});

it('says what is gone', async () => {
  const { supervisor, feed, deps } = started();
  const cursor = feed.begin();
  supervisor.views.delete('api:acme');
  supervisor.tenants.views.delete('acme');
  for (const name of ['api:acme', 'acme']) supervisor.changes.tell(name);
  tick();
  expect(await since(cursor, deps)).toEqual({ removedInstances: ['api:acme'], removedTenants: ['acme'] });
});

it('has a tenant at once when it changes itself, and every 10 s when its instance is used', async () => {
  const { supervisor, feed, deps } = started();
  const cursor = feed.begin();
  supervisor.changes.tell('acme');
  supervisor.changes.tell('api:globex');
  tick();
  expect(idsIn(await since(cursor, deps))).toEqual(['api:globex', 'acme']);
  tick(9);
  expect(idsIn(await since(cursor, deps))).toEqual(['api:globex', 'acme', 'globex']);
});

it('has the events since, and the tenants that they concern', async () => {
  const { events, feed, deps } = started();
  const cursor = feed.begin();
  events.add('woke', 'api:acme');
  events.add('reload-failed');
  tick();
  const change = await since(cursor, deps);
  expect(change.events?.map(({ type }) => type)).toEqual(['woke', 'reload-failed']);
  expect(idsIn(change)).toEqual(['acme']);
});

it('asks for a new list after a reload of the config', async () => {
  const { events, feed, deps } = started();
  const cursor = feed.begin();
  events.add('reloaded');
  tick();
  expect(await since(cursor, deps)).toEqual({ reset: true });
  expect(await since(feed.cursor, deps)).toEqual({});
});

it.each(['', 'nonsense', 'ffffffffffff.1', '.1', 'x.1.2'])('asks for a new list for the cursor %j', async (cursor) => {
  const { feed, deps } = started();
  feed.begin();
  expect(await since(cursor, deps)).toEqual({ reset: true });
});

it('asks for a new list with a cursor from before it was idle', async () => {
  const { feed, deps } = started();
  const cursor = feed.begin();
  tick(100);
  feed.begin();
  expect(await since(cursor, deps)).toEqual({ reset: true });
});

it('shows a token for one tenant its own alone, also of what is gone and of events', async () => {
  const { supervisor, events, feed, deps } = started('tenant:acme');
  const cursor = feed.begin();
  for (const name of ['api:acme', 'acme', 'api:globex', 'globex', 'api:gone', 'gone']) supervisor.changes.tell(name);
  events.add('woke', 'api:globex');
  events.add('slept', 'api:acme');
  events.add('token-created');
  tick();
  const change = await since(cursor, deps);
  expect(idsIn(change)).toEqual(['api:acme', 'acme']);
  expect(change.events?.map(({ type }) => type)).toEqual(['slept']);
  expect(JSON.stringify(change)).not.toMatch(/globex|gone/);
});

it('shows a token for a service its instances, and no tenants', async () => {
  const { supervisor, feed, deps } = started('service:api');
  const cursor = feed.begin();
  for (const name of ['api:acme', 'acme', 'web:acme']) supervisor.changes.tell(name);
  tick();
  expect(await since(cursor, deps)).toEqual({ instances: [expect.objectContaining({ instance: 'api:acme' })] });
});

it('sends many changes in pieces, of which only the last moves the cursor', async () => {
  const { supervisor, feed, add, deps } = started();
  const cursor = feed.begin();
  for (let at = 0; at < 1000; at += 1) {
    add(`t${at}`);
    supervisor.changes.tell(`api:t${at}`);
  }
  tick();
  const pieces: ChangesItem[] = [];
  for await (const piece of changesAfter(cursor, deps)) pieces.push(piece);
  expect(pieces.map(({ change }) => change?.instances?.length)).toEqual([250, 250, 250, 250]);
  expect(pieces.map((piece) => piece.cursor)).toEqual([cursor, cursor, cursor, feed.cursor]);
});

it('follows batch by batch, says nothing of what the caller may not see, and ends at once', async () => {
  const { supervisor, feed, deps } = started('tenant:acme');
  const end = new AbortController();
  const stream = followChanges(feed.begin(), deps, end.signal);
  const next = stream.next();
  await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
  supervisor.changes.tell('api:globex');
  tick();
  await new Promise(setImmediate);
  supervisor.changes.tell('api:acme');
  tick();
  expect((await next).value).toMatchObject([{ id: feed.cursor, json: { instances: [{ instance: 'api:acme' }] } }]);
  const last = stream.next();
  end.abort();
  expect((await last).done).toBe(true);
});

it('makes nothing for a reader that does not read, however much changes', async () => {
  const { supervisor, feed, deps } = started();
  const rows = vi.spyOn(supervisor.live, 'instances');
  const stream = followChanges(feed.begin(), deps, new AbortController().signal);
  const first = stream.next();
  supervisor.changes.tell('api:acme');
  tick();
  await first;
  rows.mockClear();
  for (let second = 0; second < 1000; second += 1) {
    for (let at = 0; at < 200; at += 1) supervisor.changes.tell(`api:t${at}` satisfies InstanceName);
    tick();
  }
  expect(rows).not.toHaveBeenCalled();
  expect((await stream.next()).value?.[0]?.json).toEqual({ reset: true });
});
