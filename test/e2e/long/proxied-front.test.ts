/** The real nginx and the real Caddy on public sockets that tenement serves itself. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from '../../ports.ts';
import { constantLoad } from '../constant-load.ts';
import { type Front, isMissing, type StartFront, startCaddy, startKeepingNginx, startNginx } from '../fronts.ts';
import { serve, type TestServer, writeConfig } from '../support.ts';
import { send } from '../test-server.ts';

const config = (mode: string, keys = '') => `[service.app]
command = "node {fixtures}/tenant.mjs"
health = "/health"
socket_group = "www-data"
public_socket = "${mode}"
${keys}
[instances]
app = ["acme", "globex"]
`;

const FRONTS: readonly [string, StartFront][] = [
  ['nginx', startNginx],
  ['caddy', startCaddy],
];
const available = FRONTS.map(([program, start]) => ({ program, start, missing: isMissing(program) }));

async function served(start: StartFront, mode = 'proxied'): Promise<{ server: TestServer; front: Front }> {
  const proxy = `127.0.0.1:${await freePort()}`;
  const server = await serve(`${config(mode)}[proxy]\nlisten = "${proxy}"\n`, ['--proxy', proxy]);
  return { server, front: await start(server) };
}

const ask = (front: Front, host = 'acme.localhost', path = '/', headers: Record<string, string> = {}) =>
  send(front.port, path, { headers: { host, ...headers } });

/** Clients that are all answered with 200. */
function load(front: Front, clients: number) {
  const asking = constantLoad(clients, () => ask(front));
  return {
    more: asking.more,
    endsWell: async () => {
      const { answers, failures } = await asking.end();
      expect(failures).toEqual([]);
      expect([...new Set(answers.map(({ status }) => status))]).toEqual([200]);
    },
  };
}

describe.each(available)('$program (apt-get install $program) on proxied sockets', ({ start, missing }) => {
  const test = it.skipIf(missing);

  test('reaches each tenant, whose requests are all counted, and names the client', async () => {
    const { server, front } = await served(start);
    for (const id of ['acme', 'globex']) {
      expect(JSON.parse((await ask(front, `${id}.localhost`)).body).tenant).toBe(id);
    }
    const forged = { 'x-tenant-id': 'globex', 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'gopher' };
    const { raw } = JSON.parse((await ask(front, 'acme.localhost', '/headers', forged)).body);
    const values = (name: string) =>
      raw.filter((_: string, index: number) => index % 2 === 1 && raw[index - 1].toLowerCase() === name);
    expect(values('x-tenant-id')).toEqual(['acme']);
    expect(values('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(values('x-forwarded-proto')).toEqual(['http']);
    expect(values('x-forwarded-host')).toEqual(['acme.localhost']);
    expect(await server.instance('app:acme')).toMatchObject({ requests: 2 });
    expect(await server.instance('app:globex')).toMatchObject({ requests: 1 });
  });

  test('carries a WebSocket to a sleeping instance', async () => {
    const { server, front } = await served(start);
    await server.cli('sleep', 'app:acme');
    const socket = new WebSocket(`ws://127.0.0.1:${front.port}/`, { headers: { host: 'acme.localhost' } });
    await once(socket, 'open');
    socket.send('hello');
    expect(String((await once(socket, 'message'))[0])).toBe('hello');
    expect(await server.instance('app:acme')).toMatchObject({ state: 'ready', openStreams: 1 });
    socket.close();
  });

  test('a hundred connections see no failure while their tenant sleeps, wakes and restarts', async () => {
    const { server, front } = await served(start);
    const asking = load(front, 100);
    for (const verb of ['sleep', 'restart', 'sleep', 'restart']) {
      await asking.more(100);
      await server.api(`/api/instances/app:acme/${verb}`, { method: 'POST' });
    }
    await asking.more(100);
    await asking.endsWell();
  });

  test('clients see no failure while a reload switches the sockets both ways', async () => {
    const { server, front } = await served(start, 'direct');
    const { pid } = await server.instance('app:acme');
    const proxy = `[proxy]\nlisten = "127.0.0.1:${server.proxyPort}"\n`;
    const asking = load(front, 20);
    for (const mode of ['proxied', 'direct', 'proxied']) {
      await asking.more(50);
      const { requests } = await server.instance('app:acme');
      writeConfig(server.configFile, `${config(mode)}${proxy}`);
      if (mode === 'direct') await server.event(null, 'reloaded', 2);
      else await expect.poll(async () => (await server.instance('app:acme')).requests).toBeGreaterThan(requests + 5);
    }
    await asking.more(50);
    await asking.endsWell();
    expect((await server.instance('app:acme')).pid).toBe(pid);
  });
});

describe('an instance behind an nginx that keeps connections to its proxied socket', () => {
  it.skipIf(isMissing('nginx'))('sleeps in time, and is woken by a request on a kept connection', async () => {
    const server = await serve(config('proxied', 'idle_timeout = 1'));
    const { socket } = await server.instance('app:acme');
    const front = await startKeepingNginx(server.dir, socket ?? '');
    for (let round = 1; round <= 2; round += 1) {
      expect((await ask(front)).status).toBe(200);
      const askedMs = Date.now();
      const sleptMs = await server.event('app:acme', 'slept', round);
      expect(sleptMs - askedMs).toBeGreaterThan(900);
    }
  });
});
