/** An instance asks tenement about its own tenant, at every level of isolation. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { LEVELS, supported } from '../hostile/levels.ts';
import { tenement } from './command.ts';
import { serve, type TestServer } from './support.ts';

interface Keys {
  readonly keys: string;
  readonly alone: string;
}

const PLANS = `[tenants]
default_plan = "free"
[plan.free]
features = ["export"]
counters = { users = 3, projects = "unlimited" }
`;

const service = ({ keys, alone }: Keys, more = '') => `[service.app]
command = "node {fixtures}/asks-self.mjs"
health = "/health"
self_api = true
${keys}
${alone}
${more}
${PLANS}`;

const PLAIN = { keys: '', alone: '' };

async function serveTwo(level: Keys, more = ''): Promise<TestServer> {
  const server = await serve(service(level, more));
  for (const id of ['acme', 'globex']) await server.cli('spawn', 'app', '--id', id);
  return server;
}

async function ask(server: TestServer, tenant: string, path: string, body?: object) {
  const query = body === undefined ? '' : `?body=${encodeURIComponent(JSON.stringify(body))}`;
  const method = body === undefined ? 'GET' : 'POST';
  const { status, body: answer } = await server.get(`${tenant}.localhost`, `${path}${query}`, { method });
  return { status, body: JSON.parse(answer) };
}

/** Runs a command in an instance's place, and returns what it prints. */
async function exec(server: TestServer, tenant: string, ...words: string[]): Promise<string> {
  const { configFile, dir } = server;
  const { stdout } = await tenement(['-c', configFile, 'exec', `app:${tenant}`, '--', ...words], {
    XDG_RUNTIME_DIR: dir,
  });
  expect(stdout).not.toBe('');
  return stdout.trim();
}

const socketOf = async (server: TestServer, tenant: string) => exec(server, tenant, 'printenv', 'TENEMENT_SOCKET');

describe.each(LEVELS)('at $name', (level) => {
  it('an instance sees its own tenant, counts for it, and reaches no other tenant’s socket', async (context) => {
    const why = await supported(level);
    if (why !== null) return context.skip(why);
    const server = await serveTwo(level);
    expect(await ask(server, 'acme', '/tenant')).toMatchObject({
      status: 200,
      body: { id: 'acme', service: 'app', plan: 'free', features: ['export'], expiresAt: null },
    });
    expect(await ask(server, 'acme', '/counters/users', { add: 2 })).toEqual({
      status: 200,
      body: { name: 'users', value: 2, limit: 3 },
    });
    expect((await ask(server, 'globex', '/tenant')).body).toMatchObject({
      id: 'globex',
      counters: [
        { name: 'users', value: 0 },
        { name: 'projects', value: 0, limit: null },
      ],
    });
    const others = await socketOf(server, 'globex');
    const { status, body } = await server.get('acme.localhost', `/tenant?socket=${others}`);
    // Without users of their own, tenants run as the server's user, from which nothing is kept.
    if (level.name === 'process') expect(status).toBe(200);
    else expect([status, body]).toEqual([502, expect.stringMatching(/^(EACCES|ENOENT|ECONNREFUSED|EPERM)$/)]);
  });
});

describe('a counter', () => {
  it('of 3 that 50 processes ask for at once is given to 3', async () => {
    const server = await serveTwo(PLAIN);
    const one = `curl -s -o /dev/null -w '%{http_code}\\n' --unix-socket "$TENEMENT_SOCKET" -H 'content-type: application/json' -d '{"add":1}' http://x/counters/users`;
    // The socket takes 16 connections of an instance; curl tries again as an application would.
    const retried = `until code=$(${one}); do sleep 0.05; done; echo $code`;
    const all = `for i in $(seq 50); do (${retried}) & done; wait`;
    const codes = (await exec(server, 'acme', 'sh', '-c', all)).split('\n');
    expect([codes.length, codes.filter((code) => code === '200').length]).toEqual([50, 3]);
    expect(codes.filter((code) => code === '409')).toHaveLength(47);
  });

  it('is kept when the server is killed', async () => {
    const server = await serveTwo(PLAIN);
    await ask(server, 'acme', '/counters/users', { add: 3 });
    await server.stop('SIGKILL');
    await server.start();
    expect(await ask(server, 'acme', '/counters/users', { add: 1 })).toMatchObject({
      status: 409,
      body: { code: 'quota_exceeded', detail: 'users is 3, and 1 more would pass its limit of 3' },
    });
    expect((await ask(server, 'acme', '/counters/users', { add: -1 })).body.value).toBe(2);
  });

  it('that the plan lacks is not found, and what is not a number is refused', async () => {
    const server = await serveTwo(PLAIN);
    expect(await ask(server, 'acme', '/counters/seats', { add: 1 })).toMatchObject({
      status: 404,
      body: { code: 'not_found', hint: 'Counters of the plan: users, projects.' },
    });
    expect(await ask(server, 'acme', '/counters/users', { add: 1.5 })).toMatchObject({
      status: 400,
      body: { code: 'bad_input' },
    });
  });
});

it('a process that a server left is served again by the next', async () => {
  const server = await serve(`on_exit = "keep"\n${service(PLAIN)}`);
  await server.cli('spawn', 'app', '--id', 'acme');
  const { pid } = await server.instance('app:acme');
  await server.stop('SIGTERM');
  await server.start();
  expect((await ask(server, 'acme', '/tenant')).body).toMatchObject({ id: 'acme' });
  expect((await server.instance('app:acme')).pid).toBe(pid);
});

it('a busy instance stays awake, and sleeps when it no longer is', async () => {
  const server = await serveTwo(PLAIN, 'idle_timeout = "250ms"');
  await ask(server, 'acme', '/busy', { seconds: 600 });
  await server.event('app:globex', 'slept');
  expect(await server.instance('app:acme')).toMatchObject({
    state: 'ready',
    reason: expect.stringMatching(/^awake: it asked/),
  });
  await ask(server, 'acme', '/busy', { seconds: 0 });
  await server.event('app:acme', 'slept');
});

it('a flood and slow clients on one socket leave the others and the proxy alone', async () => {
  const server = await serveTwo(PLAIN);
  const path = await socketOf(server, 'acme');
  const flood = 'GET /tenant HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2000);
  const flooding = Array.from({ length: 40 }, (_, index) => {
    const socket = connect(path);
    socket.on('error', () => {});
    socket.write(index % 2 === 0 ? flood : 'POST /counters/users HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n');
    return socket;
  });
  expect((await ask(server, 'globex', '/tenant')).body).toMatchObject({ id: 'globex' });
  // A pipelining client is cut off after a few answers.
  const [first] = flooding;
  if (first !== undefined) expect((await text(first).catch(() => '')).split('HTTP/1.1 200').length).toBeLessThan(200);
  for (const socket of flooding) socket.destroy();
  expect((await ask(server, 'globex', '/tenant')).status).toBe(200);
});
