/** Another process holds the lock of the registry, as a sqlite3 shell or a hanging backup does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { serve, type TestServer } from '../support.ts';

const APP = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\nidle_timeout = 0\n';
/** Shorter than the 5 s for which one write once blocked everything, longer than any response on a busy machine. */
const STANDSTILL_MS = 3000;

const HOLDER = `
  const database = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
  database.exec('BEGIN IMMEDIATE');
  console.log('held');
  process.stdin.on('end', () => database.exec('COMMIT')).resume();
`;

/** Holds the lock until the returned function is called. */
async function holdLock(server: TestServer): Promise<() => Promise<void>> {
  const file = join(server.dataDir, '.tenement/tenement.db');
  const holder = spawn(process.execPath, ['-e', HOLDER, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  return () => end(holder);
}

async function end(holder: ChildProcess): Promise<void> {
  const ended = once(holder, 'exit');
  holder.stdin?.end();
  await ended;
}

/** Sends requests in turn until `stop` is called, which returns their outcomes. */
function steadily(server: TestServer, host: string) {
  let over = false;
  const statuses = new Set<number>();
  let slowestMs = 0;
  const asking = (async () => {
    while (!over) {
      const begunMs = performance.now();
      statuses.add((await server.get(host)).status);
      slowestMs = Math.max(slowestMs, performance.now() - begunMs);
    }
  })();
  return {
    stop: async () => {
      over = true;
      await asking;
      return { statuses: [...statuses], slowestMs };
    },
  };
}

const pidOf = async (server: TestServer, id: string) => (await server.instance(`app:${id}`)).pid;

it('a locked registry halts no request, refuses changes that would be lost, and gets all writes once unlocked', async () => {
  const server = await serve(APP);
  for (const id of ['acme', 'sleeper', 'stopped']) await server.api(`/spawn/app/--id=${id}`);
  await server.cli('sleep', 'app:sleeper');
  const release = await holdLock(server);
  const load = steadily(server, 'acme.localhost');

  expect((await server.get('sleeper.localhost')).status).toBe(200);
  expect(await server.instance('app:sleeper')).toMatchObject({ state: 'ready', wakes: 1 });
  const refused = [
    server.api('/spawn/app/--id=new'),
    server.api('/api/instances/app:stopped/stop', { method: 'POST' }),
  ];
  for (const { status, headers, body } of await Promise.all(refused)) {
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    const { code, detail, hint } = JSON.parse(body);
    expect([code, detail, hint]).toEqual([
      'state_failed',
      expect.stringMatching(/another process holds its lock/),
      expect.stringMatching(/tenement\.db/),
    ]);
  }
  const { instances } = JSON.parse((await server.api('/api/instances')).body);
  expect(instances.map(({ id }: { id: string }) => id)).toEqual(['acme', 'sleeper', 'stopped']);
  const { statuses, slowestMs } = await load.stop();
  expect(statuses).toEqual([200]);
  expect(slowestMs).toBeLessThan(STANDSTILL_MS);

  const waiting = server.api('/spawn/app/--id=late?start=false');
  await release();
  expect((await waiting).status).toBe(201);
  await server.event('app:late', 'spawned');
  const pids = [await pidOf(server, 'acme'), await pidOf(server, 'sleeper')];
  await server.stop('SIGKILL');
  await server.start();
  expect([await pidOf(server, 'acme'), await pidOf(server, 'sleeper')]).toEqual(pids);
  expect(await server.instance('app:stopped')).toMatchObject({ state: 'stopped' });
  expect(await typesOf(server, 'app:sleeper')).toEqual([
    'spawned',
    'started',
    'ready',
    'slept',
    'woke',
    'ready',
    'adopted',
    'ready',
  ]);
});

it('a server waits for a locked registry at its end, so that no kept tenant is lost', async () => {
  const server = await serve(`on_exit = "keep"\n${APP}`);
  await server.api('/spawn/app/--id=acme?start=false');
  const release = await holdLock(server);
  expect((await server.get('acme.localhost')).status).toBe(200);
  const pid = await pidOf(server, 'acme');
  const ended = server.stop('SIGTERM');
  // The listeners are closed: what remains is to write the records of kept tenants.
  await expect
    .poll(() =>
      server.get('acme.localhost').then(
        () => 'served',
        () => 'closed',
      ),
    )
    .toBe('closed');
  await release();
  expect(await ended).toBe(0);
  await server.start();
  expect(await pidOf(server, 'acme')).toBe(pid);
});

async function typesOf(server: TestServer, instance: string): Promise<string[]> {
  const { body } = await server.api(`/api/events?instance=${instance}`);
  const events: { seq: number; type: string }[] = body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const seqs = events.map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  return events.map(({ type }) => type);
}
