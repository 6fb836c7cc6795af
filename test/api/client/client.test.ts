import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ApiClient, type ApiTarget, createClient } from '../../../src/api/client/client.ts';
import { runningApi, runningOnSocket, tempDir } from '../running.ts';

function client(target: ApiTarget): ApiClient {
  const made = createClient(target);
  onTestFinished(() => made.close());
  return made;
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function useAllVerbs(calls: ApiClient): Promise<void> {
  expect(await calls.spawn('api', 'acme')).toMatchObject({ created: true, view: { instance: 'api:acme' } });
  expect(await calls.spawn('api', 'acme', { env: { A: '1' }, wait: false })).toMatchObject({ created: false });
  expect((await calls.stop('api:acme')).state).toBe('stopped');
  expect((await calls.start('api:acme', { wait: false })).state).toBe('ready');
  expect((await calls.sleep('api:acme')).state).toBe('asleep');
  expect((await calls.restart('api:acme')).state).toBe('ready');
  expect((await calls.get('api:acme')).id).toBe('acme');
  expect(await calls.list()).toHaveLength(1);
  await calls.remove('api:acme', { purge: true });
  expect(await calls.list()).toEqual([]);
}

test('every verb works over TCP with a token', async () => {
  const { url, tokenStore } = await runningApi('token');
  await useAllVerbs(client({ url: `${url}/`, token: (await tokenStore.make()).token }));
});

test('every verb works over the control socket', async () => {
  const { socketPath } = await runningOnSocket();
  await useAllVerbs(client({ socketPath }));
});

test('tokens are made, listed and revoked', async () => {
  const { url } = await runningApi();
  const calls = client({ url, token: null });
  expect((await calls.createToken({ name: 'ci' })).token).toBe('secret-t1');
  expect(await calls.listTokens()).toEqual([
    {
      id: 't1',
      session: false,
      name: 'ci',
      scope: 'admin',
      can: ['read', 'operate', 'manage'],
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: null,
      lastUsedAt: null,
    },
  ]);
  await calls.revokeToken('t1');
  await expect(calls.revokeToken('t1')).rejects.toMatchObject({ code: 'unknown_token' });
});

test('an error of the server arrives with its code, message and hint', async () => {
  const { url } = await runningApi('token');
  const refused = client({ url, token: 'wrong' }).list();
  await expect(refused).rejects.toMatchObject({
    name: 'TenementError',
    code: 'unauthorized',
    message: 'the bearer token is not valid',
    hint: expect.stringContaining('Authorization'),
  });
});

test('a missing server is server_unreachable and named, whatever is missing', async () => {
  const socketPath = join(tempDir(), 'control.sock');
  await expect(client({ socketPath }).list()).rejects.toMatchObject({
    code: 'server_unreachable',
    exitStatus: 3,
    message: expect.stringContaining(socketPath),
  });
  const { api, url } = await runningApi();
  await api.close();
  await expect(client({ url, token: null }).list()).rejects.toMatchObject({
    code: 'server_unreachable',
    message: expect.stringContaining(url),
  });
  const logs = client({ url, token: null }).logs('api:acme');
  await expect(collect(logs)).rejects.toMatchObject({ code: 'server_unreachable' });
});

test.each([200, 404])('a server that answers %s and is not the API is reported as such', async (status) => {
  const other = createServer((_request, response) => response.writeHead(status).end('<html>')).listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const address = other.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await expect(client({ url: `http://127.0.0.1:${port}`, token: null }).list()).rejects.toMatchObject({
    code: 'server_unreachable',
    message: expect.stringContaining("not tenement's API"),
  });
});

test('text that is no URL is bad input', () => {
  expect(() => createClient({ url: 'localhost:8000', token: null })).toThrow(/not the URL/);
});

test('logs and events arrive unchanged', async () => {
  const { url, supervisor, logs, events } = await runningApi();
  await supervisor.spawn('api', 'acme');
  logs.print('one');
  logs.print('two', 'stderr');
  events.add('woke', 'api:acme');
  const calls = client({ url, token: null });
  expect(await collect(calls.logs('api:acme', { stderr: true }))).toEqual([
    { at: '2026-01-01T00:00:00.001Z', stream: 'stderr', text: 'two' },
  ]);
  expect(await collect(calls.events({ tail: 1 }))).toMatchObject([{ seq: 1, type: 'woke' }]);
  await expect(collect(calls.logs('api:nobody'))).rejects.toMatchObject({ code: 'unknown_tenant' });
});

test('following continues until the caller aborts, and then ends without an error', async () => {
  const { url, supervisor, logs } = await runningApi();
  await supervisor.spawn('api', 'acme');
  logs.print('one');
  const controller = new AbortController();
  const seen: string[] = [];
  for await (const entry of client({ url, token: null }).logs('api:acme', { follow: true }, controller.signal)) {
    seen.push(entry.text);
    if (seen.length === 1) logs.print('two');
    else controller.abort();
  }
  expect(seen).toEqual(['one', 'two']);
  await logs.listeners.unsubscribed;
});

test('following ends when the server closes', async () => {
  const { url, api, events } = await runningApi();
  const following = collect(client({ url, token: null }).events({ follow: true }));
  await events.listeners.subscribed;
  events.add('woke');
  await api.close();
  expect(await following).toMatchObject([{ type: 'woke' }]);
});

test('a follower that begins while the server closes ends with the server (bug: cut off after seconds)', async () => {
  const { url, api, supervisor, logs } = await runningApi();
  await supervisor.spawn('api', 'acme');
  logs.print('one');
  const closed = Promise.withResolvers<void>();
  logs.duringRead = { before: () => closed.resolve(api.close()) };
  const following = collect(client({ url, token: null }).logs('api:acme', { follow: true }));
  expect(await following).toMatchObject([{ text: 'one' }]);
  await closed.promise;
});
