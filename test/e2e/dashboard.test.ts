/** The dashboard's side of a real server: its page, sessions, what changes, and the machine. */
import { expect, test } from 'vitest';
import type { DashboardChange, DashboardList, HostView } from '../../src/core/dashboard/views.ts';
import { serveAll } from './support.ts';
import { send } from './test-server.ts';

const server = serveAll('[service.api]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n');

const origin = () => `http://127.0.0.1:${server().apiPort}`;

/** Logs in as a person does who runs `tenement ui`, and returns the headers of the page's requests. */
async function loggedIn(...options: string[]) {
  const { stdout } = await server().cli('ui', ...options);
  const [, at, path = ''] = /^(http:\/\/[^/]+)(\/login\?code=\S+)\n$/.exec(stdout) ?? [];
  expect(at).toBe(origin());
  const answer = await send(server().apiPort, path, {});
  const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  return { cookie, origin: origin(), 'sec-fetch-site': 'same-origin' };
}

const get = (path: string, headers: Record<string, string>) => send(server().apiPort, path, { headers });

async function listed(headers: Record<string, string>): Promise<DashboardList> {
  return JSON.parse((await get('/api/dashboard', headers)).body);
}

/** Follows changes until one passes. */
async function changeThat(passes: (change: DashboardChange) => boolean, cursor: string, headers: object) {
  const response = await fetch(`${origin()}/api/dashboard/changes?after=${cursor}`, {
    headers: { ...headers, accept: 'text/event-stream' },
  });
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const changes = [...text.matchAll(/^data: (.*)\n\n/gm)].map(([, data = '']) => JSON.parse(data) as DashboardChange);
    const found = changes.find(passes);
    if (found !== undefined) return found;
  }
  throw new Error(`the stream has ended after ${text}`);
}

test('serves the page and its files', async () => {
  const page = await get('/', { accept: 'text/html' });
  expect([page.status, page.headers['content-security-policy']]).toEqual([
    200,
    expect.stringContaining("default-src 'none'"),
  ]);
  for (const [, path = ''] of page.body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g))
    expect([path, (await get(path, {})).status]).toEqual([path, 200]);
});

test('a session sees an instance wake, without waking it itself', async () => {
  const headers = await loggedIn();
  await server().cli('spawn', 'api', '--id', 'acme', '--no-start');
  const { cursor, instances } = await listed(headers);
  expect(instances).toMatchObject([{ instance: 'api:acme', state: 'asleep' }]);
  const isReady = ({ instances: rows = [] }: DashboardChange) =>
    rows.some(({ instance, state, requests }) => instance === 'api:acme' && state === 'ready' && requests > 0);
  const changed = changeThat(isReady, cursor, headers);
  await server().get('acme.localhost');
  await changed;
});

test('a session stays over a restart of the server, and the list is read anew', async () => {
  const headers = await loggedIn();
  const { cursor } = await listed(headers);
  await server().stop();
  await server().start();
  // The cookie is for the port of before, which is another in this test.
  const moved = { ...headers, origin: origin(), cookie: headers.cookie.replace(/_\d+=/, `_${server().apiPort}=`) };
  expect(JSON.parse((await get('/api/session', moved)).body)).toMatchObject({ name: 'cli', scope: 'admin' });
  const change = await changeThat(() => true, cursor, moved);
  expect(change).toEqual({ reset: true });
});

test('a session ends when it is revoked by the id that `token ls` shows', async () => {
  const headers = await loggedIn();
  const tokens = JSON.parse((await server().cli('token', 'ls', '--json')).stdout);
  const sessions = tokens.filter(({ session }: { session: boolean }) => session);
  for (const { id } of sessions) await server().cli('token', 'revoke', id, '--yes');
  expect((await get('/api/session', headers)).status).toBe(401);
});

test('shows the machine, and what it can isolate once that is found out', async () => {
  const headers = await loggedIn();
  const view = async (): Promise<HostView> => JSON.parse((await get('/api/host', headers)).body);
  const { memory, storage, descriptors, server: own } = await view();
  expect(memory.totalBytes).toBeGreaterThan(memory.availableBytes);
  expect(storage?.totalBytes).toBeGreaterThan(0);
  expect(descriptors.limit).toBeGreaterThan(descriptors.used ?? 0);
  expect(own.memoryBytes).toBeGreaterThan(1_000_000);
  await expect.poll(async () => (await view()).isolation.length, { timeout: 50_000 }).toBe(3);
  expect((await view()).isolation[0]).toEqual({ level: 'process', available: true, reason: null });
});
