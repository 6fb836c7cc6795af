import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { eventStream, leaveHalfWay } from './clients.ts';
import { serveFile, type TestServer, temporaryDirectory } from './support.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

/** A missing program skips its test by name, and fails it in CI. */
function fails(command: string, args: readonly string[], cwd: string): boolean {
  if (process.env['CI'] === 'true') return false;
  const env = { ...process.env, DATABASE_PATH: ':memory:', PYTHONDONTWRITEBYTECODE: '1' };
  return spawnSync(command, args, { cwd, env, stdio: 'ignore' }).status !== 0;
}

/** Loads the application, so that a gunicorn whose Python lacks Flask is noticed too. */
const noFlask = fails('gunicorn', ['--check-config', 'app:app'], join(EXAMPLES, 'flask'));

async function example(name: string): Promise<TestServer> {
  return serveFile(join(EXAMPLES, name, 'tenement.toml'), temporaryDirectory());
}

async function sleepAndWake(server: TestServer, instance: string, host: string): Promise<string> {
  await server.api(`/api/instances/${instance}/sleep`, { method: 'POST' });
  expect(await server.instance(instance)).toMatchObject({ state: 'asleep', pid: null });
  const answer = await server.get(host);
  expect(answer.status).toBe(200);
  return answer.body;
}

describe('the examples run unchanged', () => {
  it('notes: notes stay with their customer, also through sleep', async () => {
    const server = await example('notes');
    const body = JSON.stringify({ text: '<b>only acme</b>' });
    const headers = { 'content-type': 'application/json' };
    expect((await server.get('acme.localhost', '/api/notes', { method: 'POST', headers, body })).status).toBe(201);
    expect((await server.get('globex.localhost', '/api/notes')).body.trim()).toBe('[]');
    const page = await sleepAndWake(server, 'notes:acme', 'acme.localhost');
    expect(page).toContain('Notes of acme');
    expect(page).toContain('only acme');
    expect(page).not.toContain('<b>only acme');
  });

  it('price-list: each customer has as many users as its plan allows, also after giving one back', async () => {
    const server = await example('price-list');
    await server.cli('spawn', 'app', '--id', 'acme');
    const post = (name: string) => server.get('acme.localhost', `/users?name=${name}`, { method: 'POST' });
    for (const name of ['ada', 'bob', 'cy']) expect((await post(name)).status).toBe(201);
    const refused = await post('dee');
    expect([refused.status, JSON.parse(refused.body).error]).toEqual([402, 'your plan has no room for more users']);
    expect((await server.get('acme.localhost', '/users/2', { method: 'DELETE' })).status).toBe(200);
    expect((await post('dee')).status).toBe(201);
    expect(JSON.parse((await server.get('acme.localhost', '/users')).body)).toHaveLength(3);
    expect(JSON.parse((await server.get('acme.localhost')).body)).toMatchObject({ id: 'acme', plan: 'free' });
  });

  it('notes: bad input and a client that disconnects half way do no harm', async () => {
    const server = await example('notes');
    const headers = { 'content-type': 'application/json' };
    // The instance starts with the server, and may not have begun.
    await server.get('acme.localhost');
    const { pid } = await server.instance('notes:acme');
    const post = (body: string) => server.get('acme.localhost', '/api/notes', { method: 'POST', headers, body });
    expect((await post('null')).status).toBe(400);
    expect((await post('{"text":" "}')).status).toBe(400);
    expect((await post(JSON.stringify({ text: 'x'.repeat(100_000) }))).status).toBe(413);
    expect((await server.get('acme.localhost', '/api/notes/7', { method: 'DELETE' })).status).toBe(404);
    await leaveHalfWay(server.proxyPort, 'acme.localhost', '/api/notes');
    expect((await server.get('acme.localhost', '/api/notes')).body.trim()).toBe('[]');
    expect(await server.instance('notes:acme')).toMatchObject({ state: 'ready', pid, restarts: 0 });
  });

  it('notes: a new note reaches listening clients at once', async () => {
    const server = await example('notes');
    const events = await eventStream(server.proxyPort, 'acme.localhost', '/api/events');
    await server.get('acme.localhost', '/api/notes', { method: 'POST', body: 'text=live' });
    expect(await events.next('added')).toMatchObject({ id: 1, text: 'live' });
    await server.get('acme.localhost', '/api/notes/1', { method: 'DELETE' });
    expect(await events.next('removed')).toEqual({ id: 1 });
    events.close();
  });

  it('python: a burst of fifty is answered, one after the other', async () => {
    const server = await example('python');
    const answers = await Promise.all(Array.from({ length: 50 }, () => server.get('acme.localhost')));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 50 }, () => 200));
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(50);
  });

  it('python: each customer counts for itself', async () => {
    const server = await example('python');
    expect((await server.get('acme.localhost')).body).toBe('acme: visit 1\n');
    expect(await sleepAndWake(server, 'visits:acme', 'acme.localhost')).toBe('acme: visit 2\n');
    expect((await server.get('globex.localhost')).body).toBe('globex: visit 1\n');
  });

  it('port: an application that only knows $PORT', async () => {
    const server = await example('port');
    expect((await server.get('acme.localhost')).body).toMatch(/^acme on port \d+\n$/);
    expect(await sleepAndWake(server, 'web:acme', 'acme.localhost')).toMatch(/^acme on port \d+\n$/);
  });

  it.skipIf(noFlask)('flask under gunicorn (apt-get install gunicorn python3-flask)', async () => {
    const server = await example('flask');
    expect((await server.get('customer1.localhost')).body).toBe('Hello from customer1, visit 1!\n');
    expect(await sleepAndWake(server, 'api:customer1', 'customer1.localhost')).toBe('Hello from customer1, visit 2!\n');
    expect((await server.get('customer2.localhost')).body).toBe('Hello from customer2, visit 1!\n');
  });
});
