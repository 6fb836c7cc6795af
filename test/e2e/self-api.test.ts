/** An instance asks tenement about its own tenant. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ask, exec, PLAIN, serveTwo, service, socketOf } from './self-asking.ts';
import { serve } from './support.ts';

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
