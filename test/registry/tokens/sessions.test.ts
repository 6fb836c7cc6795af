import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { EVERYTHING } from '../../../src/core/access/permission.ts';
import { parseScope } from '../../../src/core/access/scope.ts';
import { newSession } from '../../../src/core/access/session.ts';
import { silentLogger } from '../../../src/logger.ts';
import { openDatabase } from '../../../src/registry/database.ts';
import { createTenantStore } from '../../../src/registry/tenants.ts';
import { createTokenStore } from '../../../src/registry/tokens/tokens.ts';
import { FakeClock } from '../../supervisor/fakes.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ACME = { name: 'panel', scope: parseScope('tenant:acme'), can: ['read'], expiresAtMs: null } as const;

function opened(file = ':memory:', clock = new FakeClock()) {
  const database = openDatabase(file);
  const store = createTokenStore(database, { clock, logger: silentLogger() });
  const close = () => {
    store.close();
    database.close();
  };
  return { store, clock, database, close };
}

function fileInTempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'tenement.db');
}

async function withSession(expiresAtMs: number | null = null) {
  const made = opened();
  const { token: text, ...token } = await made.store.create({ ...ACME, expiresAtMs });
  const owner = { token, name: token.name, grants: token };
  const session = await made.store.startSession(newSession(owner, made.clock.nowMs()));
  return { ...made, text, token, session };
}

test('a session has what its token has, its own text, and a name that says what it is', async () => {
  const { store, session, text } = await withSession();
  expect(store.checkSession(session.token)).toMatchObject({
    name: 'panel (dashboard)',
    session: true,
    scope: ACME.scope,
    can: ['read'],
  });
  expect(store.checkSession(text)).toBeNull();
  expect(store.check(session.token)).toEqual({ ok: false, why: 'unknown' });
});

test('a session survives the server, and its text is on no disk', async () => {
  const file = fileInTempDir();
  const first = opened(file);
  const owner = { token: null, name: 'cli', grants: EVERYTHING };
  const { token, id } = await first.store.startSession(newSession(owner, first.clock.nowMs()));
  for (const part of ['', '-wal']) expect(readFileSync(`${file}${part}`).includes(token)).toBe(false);
  first.close();
  const second = opened(file);
  onTestFinished(second.close);
  expect(second.store.checkSession(token)).toMatchObject({ id, name: 'cli (dashboard)' });
});

test('a session ends after 12 hours without use, and after 7 days with it', async () => {
  const { store, clock, session } = await withSession();
  await clock.advance(12 * HOUR_MS - 1);
  expect(store.checkSession(session.token)).not.toBeNull();
  for (let day = 0; day < 13; day += 1) {
    await clock.advance(12 * HOUR_MS - 120_000);
    store.used(session);
    expect(store.isValid(session.id)).toBe(true);
  }
  await clock.advance(12 * HOUR_MS - 120_000);
  expect([store.checkSession(session.token), store.isValid(session.id)]).toEqual([null, false]);
});

test('an idle session is over, also for its streams', async () => {
  const { store, clock, session } = await withSession();
  await clock.advance(12 * HOUR_MS);
  expect([store.checkSession(session.token), store.isValid(session.id)]).toEqual([null, false]);
});

test('a session is never longer than its token', async () => {
  const { store, clock, session } = await withSession(new FakeClock().nowMs() + HOUR_MS);
  await clock.advance(HOUR_MS);
  expect(store.checkSession(session.token)).toBeNull();
});

test('sessions end with their token, and whoever watches is told once', async () => {
  const { store, token, session } = await withSession();
  let told = 0;
  store.onRevoked(() => {
    told += 1;
  });
  await store.revoke(token.id);
  expect([store.checkSession(session.token), store.list(), told]).toEqual([null, [], 1]);
});

test('a session that is revoked leaves its token', async () => {
  const { store, text, session } = await withSession();
  expect(await store.revoke(session.id)).toMatchObject({ session: true });
  expect([store.checkSession(session.token), store.check(text).ok]).toEqual([null, true]);
});

test('sessions end with their tenant', async () => {
  const { store, database, session } = await withSession();
  const tenants = createTenantStore(database, () => store.tenantForgotten());
  tenants.commit({ tenantId: 'acme', record: null });
  expect(store.checkSession(session.token)).toBeNull();
});

test('sessions that are over are forgotten when another begins', async () => {
  const { store, clock, token } = await withSession();
  const owner = { token, name: token.name, grants: token };
  await clock.advance(8 * DAY_MS);
  await store.startSession(newSession(owner, clock.nowMs()));
  expect(store.list().filter(({ session }) => session)).toHaveLength(1);
});
