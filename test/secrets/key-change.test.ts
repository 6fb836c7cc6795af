/** A server that is killed at any step of a change of keys leaves secrets that open, and the next one completes it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { SecretStore } from '../../src/core/stores/secret-store.ts';
import { LazyVault } from '../../src/parts/vault.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createSecretStore } from '../../src/registry/secrets.ts';
import { createTenantStore } from '../../src/registry/tenants.ts';

const COUNT = 120;

function made() {
  const stateDir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const database = openDatabase(join(stateDir, 'tenement.db'));
  onTestFinished(() => {
    database.close();
    rmSync(stateDir, { recursive: true, force: true });
  });
  const store = createSecretStore(database);
  const tenants = createTenantStore(database);
  const server = (credentialsDir: string | null = null, through: SecretStore = store) =>
    new LazyVault({ stateDir, credentialsDir }, through);
  const fill = async () => {
    const vault = await server().open();
    for (const tenantId of ['t0', 't1', 't2']) {
      const numbers = Array.from({ length: COUNT }, (_, number) => number).filter(
        (number) => `t${number % 3}` === tenantId,
      );
      const putSecrets = numbers.map((number) =>
        vault.seal(tenantId, {
          name: `S${number}`,
          version: 1,
          changedAtMs: 1,
          source: 'operator',
          value: `value ${number}`,
        }),
      );
      tenants.commit({ tenantId, putSecrets });
    }
  };
  const values = async (vaultServer = server()) => {
    const vault = await vaultServer.open();
    return ['t0', 't1', 't2'].flatMap((id) => store.list(id).map((secret) => vault.open(id, secret))).sort();
  };
  const key = join(stateDir, 'secrets.key');
  return { stateDir, store, tenants, server, fill, values, key };
}

const ALL = Array.from({ length: COUNT }, (_, number) => `value ${number}`).sort();

it('encrypts every secret with a new key, and removes the old one', async () => {
  const it = made();
  await it.fill();
  const [old] = it.store.keyIds();
  const before = readFileSync(it.key, 'utf8');
  const server = it.server();
  await server.open();
  const change = await server.change();
  expect(change).toMatchObject({ secrets: COUNT, unreadable: [] });
  expect(it.store.keyIds()).toEqual([change.keyId]);
  expect(change.keyId).not.toBe(old);
  expect(readFileSync(it.key, 'utf8')).not.toBe(before);
  expect(server.isChanging).toBe(false);
  expect(await it.values(server)).toEqual(ALL);
  expect(await it.values()).toEqual(ALL);
  expect(it.store.list('t0')[0]).toMatchObject({ version: 1, changedAtMs: 1 });
});

/** A store that fails at its n-th step, and at every later one, as for a server that is killed there. */
function killedAt(step: number, store: SecretStore): SecretStore {
  let steps = 0;
  const alive = <Args extends unknown[], Value>(act: (...args: Args) => Value) => {
    return (...args: Args): Value => {
      steps += 1;
      if (steps >= step) throw new Error('killed');
      return act(...args);
    };
  };
  return { ...store, notUnder: alive(store.notUnder), reseal: alive(store.reseal), scrub: alive(store.scrub) };
}

it('goes on at every step at which a server was killed', async () => {
  let kills = 0;
  for (let step = 1; ; step += 1) {
    const it = made();
    await it.fill();
    const killed = await it
      .server(null, killedAt(step, it.store))
      .change()
      .then(
        () => false,
        () => true,
      );
    if (!killed) break;
    kills += 1;
    expect(await it.values()).toEqual(ALL);
    const next = it.server();
    expect(next.isChanging).toBe(true);
    await next.change();
    expect([next.isChanging, it.store.keyIds().length]).toEqual([false, 1]);
    expect(await it.values()).toEqual(ALL);
  }
  // Three times read and encrypted, once read in vain, once cleaned up.
  expect(kills).toBe(8);
});

it('goes on with a key that was made and not used', async () => {
  const it = made();
  await it.fill();
  writeFileSync(`${it.key}.next`, '7'.repeat(64), { mode: 0o600 });
  await it.server().change();
  expect(readFileSync(it.key, 'utf8')).toBe('7'.repeat(64));
  expect(await it.values()).toEqual(ALL);
});

it('two calls at once are one change', async () => {
  const it = made();
  await it.fill();
  const server = it.server();
  const [one, other] = await Promise.all([server.change(), server.change()]);
  expect(one).toBe(other);
});

it('moves the secrets to a credential, and takes the key from the disk', async () => {
  const it = made();
  await it.fill();
  const credentials = join(it.stateDir, 'credentials');
  mkdirSync(credentials);
  writeFileSync(join(credentials, 'tenement-key'), '8'.repeat(64), { mode: 0o400 });
  const server = it.server(credentials);
  expect(await it.values(server)).toEqual(ALL);
  await server.change();
  expect(existsSync(it.key)).toBe(false);
  expect(await it.values(it.server(credentials))).toEqual(ALL);
  await expect(it.values()).rejects.toMatchObject({ code: 'secrets_locked' });
});

it('tells which secrets no key opens, and leaves them as they are', async () => {
  const it = made();
  await it.fill();
  const [secret] = it.store.list('t1');
  if (secret === undefined) throw new Error('no secret');
  const damaged = { ...secret, sealed: secret.sealed.map((byte) => byte ^ 1) };
  it.tenants.commit({ tenantId: 't1', putSecrets: [damaged] });
  expect(await it.server().change()).toMatchObject({ secrets: COUNT - 1, unreadable: [`t1/${secret.name}`] });
  expect(it.store.list('t1')[0]).toEqual(damaged);
  const vault = await it.server().open();
  expect(vault.seal('t1', { ...damaged, version: 2, value: 'set again' })).toMatchObject({ version: 2 });
});

it('a changed secret is not put back by a change of keys', async () => {
  const it = made();
  await it.fill();
  const [old] = it.store.list('t1');
  if (old === undefined) throw new Error('no secret');
  it.tenants.commit({ tenantId: 't1', putSecrets: [{ ...old, version: 2, keyId: 'other' }] });
  it.store.reseal([{ ...old, tenantId: 't1', keyId: 'new' }]);
  expect(it.store.list('t1')[0]).toMatchObject({ version: 2, keyId: 'other' });
});
