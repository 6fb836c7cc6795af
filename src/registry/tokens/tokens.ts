/**
 * API tokens, of which only the SHA-256 is stored, without a salt, since 256 random bits cannot be guessed. Tokens of
 * earlier versions have another form and no checksum, and stay valid.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { SQLOutputValue } from 'node:sqlite';
import type { Ability } from '../../core/access/ability.ts';
import { parseScope, scopeText } from '../../core/access/scope.ts';
import type { Clock } from '../../core/ports.ts';
import type { TokenCheck, TokenInfo, TokenStore } from '../../core/stores/token-store.ts';
import type { Logger } from '../../logger.ts';
import { type Database, durably, reading } from '../database.ts';
import { whenWritable } from '../patience.ts';
import { isMistyped, newTokenText } from './token-text.ts';
import { TokenUse } from './token-use.ts';

export interface KeptTokenStore extends TokenStore {
  /** Reports that tokens may have gone with a tenant. */
  tenantForgotten(): void;
  /** Writes when tokens were last used. */
  close(): void;
}

interface TokenStoreOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

const INSERT = `
  INSERT INTO tokens (id, name, hash, created_at_ms, scope, can, expires_at_ms)
  VALUES (:id, :name, :hash, :createdAtMs, :scope, :can, :expiresAtMs)`;

export function createTokenStore(database: Database, options: TokenStoreOptions): KeptTokenStore {
  const { clock } = options;
  const insert = database.prepare(INSERT);
  const list = database.prepare('SELECT * FROM tokens ORDER BY created_at_ms, id');
  const remove = database.prepare('DELETE FROM tokens WHERE id = ? RETURNING *');
  const find = database.prepare('SELECT * FROM tokens WHERE hash = ?');
  const get = database.prepare('SELECT expires_at_ms FROM tokens WHERE id = ?');
  const use = new TokenUse(database, options);
  const listeners: (() => void)[] = [];
  const tell = () => listeners.forEach((listener) => void listener());
  return {
    async create(asked) {
      const token = newTokenText();
      const info = { ...asked, id: randomBytes(6).toString('hex'), createdAtMs: clock.nowMs(), lastUsedAtMs: null };
      const { lastUsedAtMs: _none, ...row } = { ...info, scope: scopeText(asked.scope), can: asked.can.join(',') };
      await whenWritable(() => durably(database, () => void insert.run({ ...row, hash: hashOf(token) })));
      return { ...info, token };
    },
    list: () => reading(() => list.all()).map((row) => infoOf(row, use)),
    async revoke(id) {
      let row: Row | undefined;
      const work = () => {
        row = remove.get(id);
      };
      await whenWritable(() => durably(database, work));
      if (row === undefined) return null;
      use.forget(id);
      tell();
      return infoOf(row, use);
    },
    check(text) {
      if (isMistyped(text)) return { ok: false, why: 'mistyped' };
      // The comparison is of hashes, so its duration reveals nothing about the token.
      const row = reading(() => find.get(hashOf(text)));
      return checked(row === undefined ? null : infoOf(row, use), use, clock.nowMs());
    },
    isValid(id) {
      const row = reading(() => get.get(id));
      return row !== undefined && (row['expires_at_ms'] === null || Number(row['expires_at_ms']) > clock.nowMs());
    },
    onRevoked: (listener) => void listeners.push(listener),
    tenantForgotten: tell,
    close: () => use.close(),
  };
}

function checked(token: TokenInfo | null, use: TokenUse, nowMs: number): TokenCheck {
  if (token === null) return { ok: false, why: 'unknown' };
  const { expiresAtMs } = token;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) return { ok: false, why: 'expired', expiresAtMs };
  use.note(token.id, token.lastUsedAtMs);
  return { ok: true, token };
}

type Row = Record<string, SQLOutputValue>;

function infoOf(row: Row, use: TokenUse): TokenInfo {
  const id = String(row['id']);
  return {
    id,
    name: String(row['name']),
    scope: parseScope(String(row['scope'])),
    can: String(row['can']).split(',') as Ability[],
    createdAtMs: Number(row['created_at_ms']),
    expiresAtMs: row['expires_at_ms'] === null ? null : Number(row['expires_at_ms']),
    lastUsedAtMs: use.lastOf(id, row['last_used_at_ms'] === null ? null : Number(row['last_used_at_ms'])),
  };
}

function hashOf(token: string): Uint8Array {
  return createHash('sha256').update(token).digest();
}
