/** A server that is killed at any step of a change of secrets leaves values that work, or are made to by the next one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { killedAt } from '../killed-at.ts';
import { killIn, runsOf, shelfExample } from '../shelf-example.ts';
import { serve, type TestServer } from '../support.ts';

const PATIENCE = { timeout: 60_000, interval: 20 };
const OPENS = 'acme: the key opens the shelf\n';
const JSON_BODY = { 'content-type': 'application/json' };

const rotate = (server: TestServer) =>
  server.api('/api/tenants/acme/secrets/SHELF_KEY/rotate', { method: 'POST', headers: JSON_BODY, body: '{}' });

/** A tenant whose key opens its shelf, asleep or awake. */
async function provisioned(isAsleep: boolean): Promise<TestServer> {
  const server = await shelfExample();
  await server.api('/api/tenants', { method: 'POST', body: '{"id":"acme"}', headers: JSON_BODY });
  expect((await server.get('acme.localhost')).body).toBe(OPENS);
  if (isAsleep) await server.cli('sleep', 'app:acme');
  return server;
}

describe('a server that is killed while it rotates a secret by a hook', () => {
  const STEPS = [
    ['before the hook as begun is written', []],
    ['after the hook as begun is written', ['create']],
    ['before the hook as done is written', ['rotate', 'create']],
    ['after the hook as done is written', ['rotate']],
  ] as const;

  it.each(STEPS)('%s starts its sleeper with a key that opens', async (step, runs) => {
    const server = await provisioned(true);
    await killedAt(server, step, () => rotate(server));
    expect((await server.get('acme.localhost')).body).toBe(OPENS);
    // It is measured when it is awake.
    expect(
      runsOf(server)
        .filter((run) => run !== 'size')
        .slice(1),
    ).toEqual(runs);
  });

  it.each([true, false])('in the midst of the hook has a key that opens afterwards (asleep: %s)', async (isAsleep) => {
    const server = await provisioned(isAsleep);
    killIn(server, 'rotate');
    await rotate(server).catch(() => {});
    expect(await server.stop()).toBeNull();
    await server.start();
    // The process of a sleeper gets the new key with its start; one that ran through it all is restarted.
    if (isAsleep) expect((await server.get('acme.localhost')).body).toBe(OPENS);
    await vi.waitUntil(async () => (await server.get('acme.localhost')).body === OPENS, PATIENCE);
    expect(runsOf(server).filter((run) => run !== 'size')).toEqual(['create', 'rotate', 'create']);
    expect(await server.cli('secret', 'rotate', 'acme', 'SHELF_KEY')).toMatchObject({ status: 0 });
    expect((await server.get('acme.localhost')).body).toBe(OPENS);
  });
});

describe('a server that is killed while it changes the key of the secrets', () => {
  /** More than are encrypted at once. */
  const COUNT = 60;
  const APP = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\n';
  const rekey = (server: TestServer) =>
    server.api('/api/secrets/rekey', { method: 'POST', headers: JSON_BODY, body: '{}' });

  it.each([
    'before the new key is made',
    'after the new key is made',
    'before the secrets under the new key is written',
    'after the secrets under the new key is written',
    'before the old values are scrubbed',
    'before the old key is replaced',
    'after the old key is replaced',
  ])('%s loses no secret, and the next one completes the change', async (step) => {
    const server = await serve(APP);
    await server.api('/api/tenants', { method: 'POST', body: '{"id":"acme","start":false}', headers: JSON_BODY });
    const names = Array.from({ length: COUNT }, (_, index) => `S${100 + index}`);
    for (const name of names)
      await server.api(`/api/tenants/acme/secrets/${name}`, {
        ...{ method: 'PUT', headers: JSON_BODY, body: JSON.stringify({ value: `value of ${name}` }) },
      });
    await killedAt(server, step, () => rekey(server));
    await vi.waitUntil(() => !existsSync(join(server.dataDir, '.tenement/secrets.key.next')), PATIENCE);
    const command = 'cd "$SECRETS_DIR" && for name in S*; do cat "$name"; echo; done';
    const { stdout, stderr } = await server.cli('exec', '-c', server.configFile, 'app:acme', '--', 'sh', '-c', command);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(names.map((name) => `value of ${name}`));
    expect(JSON.parse((await rekey(server)).body)).toMatchObject({ secrets: COUNT, unreadable: [] });
  });
});
