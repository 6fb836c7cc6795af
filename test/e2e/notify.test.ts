/** Notifications of a real server to real receivers. */
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { HANG, type Received, startReceiver } from '../notify/receiver.ts';
import { FIXTURES, serve, serveFile, type TestServer, temporaryDirectory, writeConfig } from './support.ts';

const APP = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\nidle_timeout = 0\n';

const notify = (url: string, other = '') =>
  `[[notify]]\nurl = "${url}"\nallow_private = true\n${other.includes('events') ? '' : 'events = ["spawned", "removed"]\n'}${other}\n`;

const RESOLVE_EXAMPLE = fileURLToPath(new URL('../fixtures/resolve-example.cjs', import.meta.url));

const idsOf = (received: readonly Received[]) => received.map(({ headers }) => headers['webhook-id']);

async function register(server: TestServer, ...ids: string[]): Promise<void> {
  for (const id of ids) expect((await server.api(`/spawn/app/--id=${id}?start=false`)).status).toBe(201);
}

/** Signs as the specification says, without the source's own function. */
function signatureOf({ headers, body }: Received, secret: string): string {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(signed)
    .digest('base64')}`;
}

it('an event reaches its receiver, signed; ls and test show how it went', async () => {
  const receiver = await startReceiver();
  const dir = temporaryDirectory();
  const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
  writeFileSync(join(dir, 'secret'), `${secret}\n`, { mode: 0o600 });
  const configFile = join(dir, 'tenement.toml');
  writeConfig(configFile, APP + notify(receiver.url, 'secret_file = "secret"'));
  const server = await serveFile(configFile, dir);
  await register(server, 'acme');
  await receiver.count(1);
  const [message] = receiver.received;
  if (message === undefined) throw new Error('the message is there');
  const events = (await server.api('/api/events?type=spawned')).body;
  expect(JSON.parse(message.body)).toEqual({
    type: 'spawned',
    timestamp: JSON.parse(events).at,
    data: JSON.parse(events),
  });
  expect(message.headers['webhook-signature']).toBe(signatureOf(message, secret));
  await expect.poll(async () => (await server.cli('notify', 'ls')).stdout).toMatch(/hook +0 +\d+s ago +- +-\n$/);

  receiver.answer = () => (response) => response.writeHead(200).end('got it');
  const { status, stdout } = await server.cli('notify', 'test', receiver.url);
  expect([status, stdout]).toEqual([0, expect.stringMatching(/: answered 200, after \d+ ms\n {2}\| got it\n$/)]);
  expect((await server.api('/metrics')).body).toMatch(/tenement_notify_deliveries_total\{receiver="[^"]+"\} 1\n/);
});

it('nothing is lost when the server is killed before, while and after a message is sent', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => HANG;
  const server = await serve(APP + notify(receiver.url));
  // Four are on their way, the others wait for their turn.
  await register(server, 'a', 'b', 'c', 'd', 'e', 'f');
  await server.cli('rm', 'app:f');
  await receiver.count(4);
  await server.stop('SIGKILL');

  receiver.answer = () => 204;
  await server.start();
  await receiver.count(4 + 7);
  const accepted = receiver.received.slice(4);
  const log = (await server.api('/api/events')).body.trim().split('\n');
  const wanted = log.map((line) => JSON.parse(line)).filter(({ type }) => type === 'spawned' || type === 'removed');
  expect(wanted).toHaveLength(7);
  expect(accepted.map(({ event }) => event.seq).toSorted((a, b) => a - b)).toEqual(wanted.map(({ seq }) => seq));
  expect(idsOf(accepted)).toEqual(expect.arrayContaining(idsOf(receiver.received.slice(0, 4))));
  const ofF = accepted.filter(({ event }) => event.instance === 'app:f').map(({ event }) => event.type);
  expect(ofF).toEqual(['spawned', 'removed']);

  await expect.poll(async () => JSON.parse((await server.api('/api/notify')).body).targets[0].pending).toBe(0);
  await server.stop('SIGKILL');
  await server.start();
  await register(server, 'g');
  await receiver.count(12);
  expect(receiver.received.at(-1)?.event.instance).toBe('app:g');
});

it('a message comes twice only if the server is killed between the answer and its record', async () => {
  const receiver = await startReceiver();
  const server = await serve(APP + notify(receiver.url));
  const database = new DatabaseSync(join(server.dataDir, '.tenement/tenement.db'), { timeout: 20_000 });
  onTestFinished(() => database.close());
  /** Registers an instance, and keeps the server from writing that the message was accepted. */
  const registerLocked = async (id: string, count: number) => {
    receiver.answer = () => {
      database.exec('BEGIN IMMEDIATE');
      return 204;
    };
    const registered = server.api(`/spawn/app/--id=${id}?start=false`).catch(() => null);
    await receiver.count(count);
    receiver.answer = () => 204;
    return { registered };
  };
  const killed = await registerLocked('acme', 1);
  await server.stop('SIGKILL');
  database.exec('COMMIT');
  await killed.registered;
  await server.start();
  await receiver.count(2);
  expect(new Set(idsOf(receiver.received)).size).toBe(1);

  const { registered } = await registerLocked('globex', 3);
  database.exec('COMMIT');
  await registered;
  await register(server, 'initech');
  await receiver.count(4);
  expect(receiver.received.map(({ event }) => event.instance).slice(2)).toEqual(['app:globex', 'app:initech']);
});

it('a reload adds, changes and removes receivers, and refuses a wrong one', async () => {
  const [first, second] = [await startReceiver(), await startReceiver()];
  const server = await serve(APP);
  expect((await server.cli('notify', 'ls')).stdout).toMatch(/^No receivers/);
  const reload = async (tables: string, times: number, type = 'reloaded') => {
    writeConfig(server.configFile, APP + tables);
    await server.event(null, type, times);
  };
  await reload(notify(first.url), 1);
  await register(server, 'acme');
  await first.count(1);

  await reload(
    notify(first.url) + notify('http://localhost:1/').replace('allow_private = true\n', ''),
    1,
    'reload-failed',
  );
  expect((await server.cli('events', '--type', 'reload-failed')).stdout).toContain('notify.1.url: localhost is this');
  await register(server, 'globex');
  await first.count(2);

  first.answer = () => 500;
  await register(server, 'initech');
  await first.count(3);
  await reload(notify(second.url), 2);
  await register(server, 'umbrella');
  await second.count(1);
  expect(second.received.map(({ event }) => event.instance)).toEqual(['app:umbrella']);
  const { targets } = JSON.parse((await server.api('/api/notify')).body);
  expect(targets).toMatchObject([{ url: second.url }]);
  expect(first.received).toHaveLength(3);
});

it('a receiver whose name leads to this machine gets nothing without allow_private', async () => {
  const receiver = await startReceiver();
  const url = `http://hooks.example.com:${receiver.port}/`;
  const server = await serve(APP);
  await server.stop();
  server.env = { NODE_OPTIONS: `--require ${RESOLVE_EXAMPLE}` };
  writeConfig(server.configFile, APP + notify(url).replace('allow_private = true\n', ''));
  await server.start();
  const { status, stdout } = await server.cli('notify', 'test', url);
  expect([status, stdout]).toEqual([
    1,
    expect.stringMatching(
      /failed: not sent: hooks\.example\.com has the address \S+, a loopback address; allow_private/,
    ),
  ]);
  await register(server, 'acme');
  await expect
    .poll(async () => JSON.parse((await server.api('/api/notify')).body).targets[0])
    .toMatchObject({ pending: 1, lastFailure: expect.stringContaining('allow_private') });
  expect(receiver.received).toEqual([]);

  writeConfig(server.configFile, APP + notify(url));
  await receiver.count(1);
});

it('a server without [[notify]] loads no part of it', async () => {
  const dir = temporaryDirectory();
  const hooks = join(dir, 'hooks.mjs');
  const log = join(dir, 'loaded');
  writeFileSync(
    hooks,
    `import { registerHooks } from 'node:module';
    import { appendFileSync } from 'node:fs';
    registerHooks({ load: (url, context, next) => {
      appendFileSync(${JSON.stringify(log)}, url + '\\n');
      return next(url, context);
    } });`,
  );
  const configFile = join(dir, 'tenement.toml');
  const loaded = () => readFileSync(log, 'utf8').split('\n');
  writeConfig(configFile, APP.replaceAll('{fixtures}', FIXTURES));
  const server = await serveFile(configFile, dir);
  await server.stop();
  server.env = { NODE_OPTIONS: `--import ${hooks}` };
  await server.start();
  const ofNotify = (url: string) => /\/(src|dist)\/notify\/|\/undici\//.test(url);
  expect(loaded().filter(ofNotify)).toEqual([]);
  await server.stop();
  writeConfig(configFile, APP + notify('https://hooks.example.com/'));
  await server.start();
  expect(loaded().filter(ofNotify).length).toBeGreaterThan(10);
});
