import { expect, it } from 'vitest';
import type { DashboardChange, DashboardList } from '../../../src/core/dashboard/views.ts';
import { tenantView } from '../fake-tenants.ts';
import { view } from '../fakes.ts';
import { runningApi } from '../running.ts';

async function started(count = 3) {
  const running = await runningApi('token');
  const { supervisor, tokenStore } = running;
  for (let at = 0; at < count; at += 1) {
    const id = `t${String(at).padStart(5, '0')}`;
    supervisor.views.set(`api:${id}`, view(`api:${id}`));
    supervisor.tenants.views.set(id, tenantView(id, { domains: ['a.example', 'b.example'] }));
  }
  const headersOf = async (scope: string) => {
    const { token } = await tokenStore.make({ scope, can: ['read'] });
    return { authorization: `Bearer ${token}` };
  };
  return { ...running, headersOf };
}

it('lists short rows of tenants and instances', async () => {
  const { call, headersOf } = await started();
  const answer = await call('/api/dashboard', { headers: await headersOf('admin') });
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  const list: DashboardList = JSON.parse(answer.text);
  expect(list.cursor).toMatch(/^[0-9a-f]{12}\.0$/);
  expect(list.tenants.map(({ id, domains }) => [id, domains])).toEqual([
    ['t00000', 2],
    ['t00001', 2],
    ['t00002', 2],
  ]);
  expect(list.instances).toHaveLength(3);
  expect(list.instances[0]).toEqual({
    instance: 'api:t00000',
    state: 'ready',
    reason: 'a request woke it',
    memoryBytes: 20 * 1024 ** 2,
    memoryLimitBytes: 256 * 1024 ** 2,
    cpuSeconds: 1.5,
    requests: 17,
    inFlight: 0,
    restarts: 2,
    startedAt: '2026-01-01T00:00:00.000Z',
    lastActivityAt: '2026-01-01T00:01:00.000Z',
    retryAt: null,
  });
});

it('lists 10,000 of each, compressed, in JSON that is whole', async () => {
  const { url, headersOf } = await started(10_000);
  const headers = await headersOf('admin');
  const answer = await fetch(`${url}/api/dashboard`, { headers: { ...headers, 'accept-encoding': 'gzip, br' } });
  expect(answer.headers.get('content-encoding')).toBe('gzip');
  const list = (await answer.json()) as DashboardList;
  expect([list.tenants.length, list.instances.length]).toEqual([10_000, 10_000]);
  expect(new Set(list.tenants.map(({ id }) => id)).size).toBe(10_000);
});

it('lists nothing as two empty lists', async () => {
  const { call, headersOf } = await started(0);
  const { text } = await call('/api/dashboard', { headers: await headersOf('admin') });
  expect(JSON.parse(text)).toEqual({ cursor: expect.any(String), tenants: [], instances: [] });
});

it('shows a token of one tenant that tenant alone', async () => {
  const { call, headersOf } = await started();
  const { text } = await call('/api/dashboard', { headers: await headersOf('tenant:t00001') });
  const list: DashboardList = JSON.parse(text);
  expect([list.tenants.map(({ id }) => id), list.instances.map(({ instance }) => instance)]).toEqual([
    ['t00001'],
    ['api:t00001'],
  ]);
});

it('sends the list once to a client that has it, until something changes', async () => {
  const { call, headersOf, supervisor } = await started();
  const headers = await headersOf('admin');
  const first = await call('/api/dashboard', { headers });
  const etag = String(first.headers.etag);
  const again = () => call('/api/dashboard', { headers: { ...headers, 'if-none-match': etag } });
  expect([(await again()).status, (await again()).text]).toEqual([304, '']);
  supervisor.changes.tell('api:t00000');
  expect((await again()).status).toBe(200);
  const other = await call('/api/dashboard', {
    headers: { ...(await headersOf('tenant:t00001')), 'if-none-match': etag },
  });
  expect(other.status).toBe(200);
});

/** Reads server-sent events until one passes. */
async function eventUntil(response: Response, passes: (change: DashboardChange) => boolean) {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (const [, id = '', data = ''] of text.matchAll(/^id: (.*)\ndata: (.*)\n\n/gm)) {
      const change: DashboardChange = JSON.parse(data);
      if (passes(change)) return { id, change };
    }
  }
  throw new Error(`the stream has ended after ${text}`);
}

it('streams what changes after the list, and continues from Last-Event-ID', async () => {
  const { call, url, headersOf, supervisor } = await started();
  const headers = { ...(await headersOf('admin')), accept: 'text/event-stream' };
  const { cursor } = JSON.parse((await call('/api/dashboard', { headers: await headersOf('admin') })).text);
  const follow = (from: object) =>
    fetch(`${url}/api/dashboard/changes?after=${cursor}`, { headers: { ...headers, ...from } });
  const stream = await follow({});
  expect(stream.headers.get('content-type')).toBe('text/event-stream');
  supervisor.changes.tell('api:t00002');
  const { id, change } = await eventUntil(stream, ({ instances }) => instances !== undefined);
  expect(change.instances).toMatchObject([{ instance: 'api:t00002' }]);
  supervisor.changes.tell('api:t00001');
  const continued = await eventUntil(await follow({ 'last-event-id': id }), ({ instances }) => instances !== undefined);
  expect(continued.change.instances).toMatchObject([{ instance: 'api:t00001' }]);
  const lost = await eventUntil(await follow({ 'last-event-id': 'of-another-server.3' }), () => true);
  expect(lost.change).toEqual({ reset: true });
});

it('gives a client that polls what has changed so far, with the next cursor', async () => {
  const { call, headersOf, supervisor } = await started();
  const headers = await headersOf('admin');
  const { cursor } = JSON.parse((await call('/api/dashboard', { headers })).text);
  supervisor.changes.tell('t00002');
  const poll = async () => JSON.parse((await call(`/api/dashboard/changes?after=${cursor}`, { headers })).text);
  await expect.poll(poll, { interval: 100 }).toMatchObject({ tenants: [{ id: 't00002' }] });
  expect((await poll()).cursor).toBe(cursor.replace(/0$/, '1'));
});

it('ends its streams and stops listening when the server closes', async () => {
  const { api, url, headersOf, events } = await started();
  const headers = { ...(await headersOf('admin')), accept: 'text/event-stream' };
  const stream = await fetch(`${url}/api/dashboard/changes`, { headers });
  await events.listeners.subscribed;
  const ended = stream.text();
  await api.close();
  await ended;
  await events.listeners.unsubscribed;
});

it('ends a stream whose token is revoked', async () => {
  const { url, tokenStore } = await started();
  const { token, id } = await tokenStore.make({ scope: 'admin', can: ['read'] });
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
  const stream = await fetch(`${url}/api/dashboard/changes`, { headers });
  await tokenStore.revoke(id);
  await expect(stream.text()).rejects.toThrow();
});
