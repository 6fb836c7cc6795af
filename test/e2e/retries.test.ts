/** What is sent again when a process dies, and what is not (contract: what a request gets). */
import { describe, expect, it } from 'vitest';
import { serve, type TestServer } from './support.ts';

const config = (workers: number, keys = '') => `backoff_base_ms = 10
[proxy]
workers = ${workers}
[service.app]
command = "node {fixtures}/tenant.mjs"
health = "/health"
${keys}`;

async function served(workers: number, keys = ''): Promise<TestServer> {
  const server = await serve(config(workers, keys));
  await server.cli('spawn', 'app', '--id', 'acme');
  return server;
}

async function crashesOf(server: TestServer): Promise<number> {
  const { body } = await server.api('/api/events?instance=app:acme');
  return body.split('\n').filter((line) => line !== '' && JSON.parse(line).type === 'crashed').length;
}

describe.each([1, 2])('with %i proxy workers', (workers) => {
  it('a page that crashes its process is sent again once, and not at all when it is asked for again', async () => {
    const server = await served(workers);
    for (const crashes of [2, 3, 4]) {
      expect((await server.get('acme.localhost', '/crash')).status).toBe(502);
      expect((await server.get('acme.localhost')).status).toBe(200);
      expect(await crashesOf(server)).toBe(crashes);
    }
  });

  it.each(['PUT', 'DELETE', 'POST'])('a %s that crashes its process is not sent again', async (method) => {
    const server = await served(workers);
    expect((await server.get('acme.localhost', '/crash', { method })).status).toBe(502);
    expect((await server.get('acme.localhost')).status).toBe(200);
    expect(await crashesOf(server)).toBe(1);
  });

  it('nothing is sent again with retry = false', async () => {
    const server = await served(workers, 'retry = false');
    expect((await server.get('acme.localhost', '/crash')).status).toBe(502);
    expect(await crashesOf(server)).toBe(1);
  });

  it.each(['never', 'on-failure', 'always'])(
    'with restart = "%s" a crash fails no GET that was in flight',
    async (restart) => {
      const server = await served(workers, `restart = "${restart}"`);
      const slow = Array.from({ length: 20 }, () => server.get('acme.localhost', '/slow?ms=2000'));
      await expect.poll(async () => (await server.instance('app:acme')).inFlight).toBe(20);
      expect((await server.get('acme.localhost', '/crash', { method: 'POST' })).status).toBe(502);
      expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(slow.map(() => 200));
    },
  );
});
