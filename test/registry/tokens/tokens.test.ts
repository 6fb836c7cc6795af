import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SYSTEM } from '../../../src/core/access/actor.ts';
import { EVERYTHING } from '../../../src/core/access/permission.ts';
import { parseScope } from '../../../src/core/access/scope.ts';
import { silentLogger } from '../../../src/logger.ts';
import { Tokens } from '../../../src/parts/access/tokens.ts';
import { type Database, openDatabase } from '../../../src/registry/database.ts';
import { createEventLog } from '../../../src/registry/events/events.ts';
import { createTenantStore } from '../../../src/registry/tenants.ts';
import { ensureAdminToken } from '../../../src/registry/tokens/admin-token.ts';
import { isMistyped, newTokenText } from '../../../src/registry/tokens/token-text.ts';
import { createTokenStore } from '../../../src/registry/tokens/tokens.ts';
import { FakeClock } from '../../supervisor/fakes.ts';

const MINUTE_MS = 60_000;
const ACME = { name: 'panel', scope: parseScope('tenant:acme'), can: ['read'], expiresAtMs: null } as const;

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function storeOver(database: Database) {
  const clock = new FakeClock();
  const store = createTokenStore(database, { clock, logger: silentLogger() });
  return { store, clock, database };
}

function opened(file = ':memory:') {
  const database = openDatabase(file);
  onTestFinished(() => database.close());
  return storeOver(database);
}

test('a token keeps its scope and abilities, and its text is on no disk', async () => {
  const file = join(tempDir(), 'tenement.db');
  const { store } = opened(file);
  const { token, ...info } = await store.create(ACME);
  expect(info).toMatchObject(ACME);
  expect(store.check(token)).toEqual({ ok: true, token: info });
  expect(JSON.stringify(store.list())).not.toContain(token);
  for (const part of ['', '-wal']) expect(readFileSync(`${file}${part}`).includes(token)).toBe(false);
});

test('a revoked token is unknown, and whoever watches is told', async () => {
  const { store } = opened();
  const { id, token } = await store.create(ACME);
  let told = 0;
  store.onRevoked(() => {
    told += 1;
  });
  expect(await store.revoke(id)).toMatchObject({ id, name: 'panel' });
  expect(await store.revoke(id)).toBeNull();
  expect([store.check(token), store.isValid(id), told]).toEqual([{ ok: false, why: 'unknown' }, false, 1]);
});

test('a token is valid until it expires', async () => {
  const { store, clock } = opened();
  const expiresAtMs = clock.nowMs() + 1000;
  const { id, token } = await store.create({ ...ACME, expiresAtMs });
  await clock.advance(999);
  expect([store.check(token).ok, store.isValid(id)]).toEqual([true, true]);
  await clock.advance(1);
  expect(store.check(token)).toEqual({ ok: false, why: 'expired', expiresAtMs });
  expect(store.isValid(id)).toBe(false);
});

test('a text that is mistyped or cut off is recognised without a lookup', async () => {
  const { store, database } = opened();
  const { token } = await store.create(ACME);
  expect(token).toMatch(/^ten_[0-9A-Za-z]{49}$/);
  database.exec('ALTER TABLE tokens RENAME TO elsewhere');
  const typo = token.replace(/.(.{9})$/, token.at(-10) === 'x' ? 'y$1' : 'x$1');
  for (const text of [typo, token.slice(0, -1), `${token}x`, 'ten_']) {
    expect(store.check(text)).toEqual({ ok: false, why: 'mistyped' });
  }
});

test('every new text passes its own checksum, and is another one', () => {
  const texts = Array.from({ length: 500 }, newTokenText);
  expect(texts.filter(isMistyped)).toEqual([]);
  expect(new Set(texts).size).toBe(500);
});

test('a token of an earlier version stays valid for everything', () => {
  const { store, database } = opened();
  const insert = database.prepare('INSERT INTO tokens (id, name, hash, created_at_ms) VALUES (?, ?, ?, ?)');
  insert.run('old', 'deploy', createHash('sha256').update('tnm_abc').digest(), 1);
  expect(store.check('tnm_abc')).toMatchObject({
    ok: true,
    token: { name: 'deploy', ...EVERYTHING, expiresAtMs: null },
  });
});

test('the last use is noted at most once a minute, and written after the request', async () => {
  const { store, clock, database } = opened();
  const { token } = await store.create(ACME);
  const written = () => database.prepare('SELECT last_used_at_ms AS atMs FROM tokens').get()?.['atMs'];
  const firstMs = clock.nowMs();
  store.check(token);
  expect([store.list()[0]?.lastUsedAtMs, written()]).toEqual([firstMs, null]);
  await clock.advance(1000);
  expect(written()).toBe(firstMs);
  await clock.advance(MINUTE_MS - 2000);
  store.check(token);
  await clock.advance(1000);
  expect(written()).toBe(firstMs);
  store.check(token);
  await clock.advance(1000);
  expect(written()).toBe(firstMs + MINUTE_MS);
});

test('a last use that cannot be written is written later, and at the end', async () => {
  const { store, clock, database } = opened();
  const { token } = await store.create(ACME);
  const uses = () => database.prepare('SELECT count(*) AS n FROM tokens WHERE last_used_at_ms > 0').get()?.['n'];
  database.exec("CREATE TRIGGER full BEFORE UPDATE ON tokens BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
  store.check(token);
  await clock.advance(5000);
  expect(uses()).toBe(0);
  database.exec('DROP TRIGGER full');
  store.close();
  expect(uses()).toBe(1);
});

test("a tenant's tokens go with it, so that the next customer of that id has none of them", async () => {
  const { store, database } = opened();
  const kept = await store.create({ ...ACME, scope: parseScope('tenant:globex') });
  const gone = await store.create(ACME);
  let told = 0;
  store.onRevoked(() => {
    told += 1;
  });
  const tenants = createTenantStore(database, () => store.tenantForgotten());
  tenants.commit({ tenantId: 'acme', record: null });
  expect([store.isValid(gone.id), store.isValid(kept.id), told]).toEqual([false, true, 1]);
  const operation = { kind: 'delete', step: 'files', startedAtMs: 1, services: ['api'], withDirectory: true } as const;
  tenants.commit({ tenantId: 'globex', operation: { ...operation, withRecord: false } });
  expect(store.isValid(kept.id)).toBe(true);
  tenants.commit({ tenantId: 'globex', operation: { ...operation, withRecord: true } });
  expect([store.isValid(kept.id), told]).toEqual([false, 2]);
});

test('the first token is written to a private file, and kept while it may do everything', async () => {
  const file = join(tempDir(), 'admin.token');
  const { store: tokenStore, clock, database } = opened();
  const events = createEventLog(database, { clock, logger: silentLogger() });
  const tokens = new Tokens({ store: tokenStore, events, clock, services: () => [] });
  const deps = { tokens, tokenStore };
  await ensureAdminToken(deps, file);
  const token = readFileSync(file, 'utf8');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await ensureAdminToken(deps, file);
  expect(readFileSync(file, 'utf8')).toBe(token);
  await tokens.by(SYSTEM, EVERYTHING).revoke(tokens.list()[0]?.id ?? '');
  await ensureAdminToken(deps, file);
  expect(readFileSync(file, 'utf8')).not.toBe(token);
  expect(events.list({}).map(({ type, actor }) => `${type} by ${actor}`)).toEqual([
    'token-created by system',
    'token-revoked by system',
    'token-created by system',
  ]);
});
