/**
 * API tokens, of which only the SHA-256 is stored, without a salt, since 256 random bits cannot be guessed. Tokens of
 * earlier versions have another form and no checksum, and stay valid.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { SQLOutputValue } from 'node:sqlite';
import type { Ability } from '../../core/access/ability.ts';
import type { NewToken } from '../../core/access/new-token.ts';
import { parseScope, scopeText } from '../../core/access/scope.ts';
import { SESSION_IDLE_MS } from '../../core/access/session.ts';
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
  INSERT INTO tokens (id, name, hash, created_at_ms, scope, can, expires_at_ms, session, token_id)
  VALUES (:id, :name, :hash, :createdAtMs, :scope, :can, :expiresAtMs, :session, :tokenId)`;
const LAST_USE = 'max(created_at_ms, coalesce(last_used_at_ms, 0))';
const DELETE_OVER = `DELETE FROM tokens WHERE session = 1 AND (expires_at_ms <= :nowMs OR ${LAST_USE} <= :idleSinceMs)`;

export function createTokenStore(database: Database, options: TokenStoreOptions): KeptTokenStore {
  const { clock } = options;
  const insert = database.prepare(INSERT);
  const list = database.prepare('SELECT * FROM tokens ORDER BY created_at_ms, id');
  const remove = database.prepare('DELETE FROM tokens WHERE id = ? RETURNING *');
  const removeSessions = database.prepare('DELETE FROM tokens WHERE token_id = ?');
  const removeOver = database.prepare(DELETE_OVER);
  const find = database.prepare('SELECT * FROM tokens WHERE hash = ? AND session = ?');
  const get = database.prepare('SELECT * FROM tokens WHERE id = ?');
  const use = new TokenUse(database, options);
  const listeners: (() => void)[] = [];
  const tell = () => listeners.forEach((listener) => void listener());
  const add = async (asked: NewToken, token: string, tokenId: string | null, session: boolean) => {
    const id = randomBytes(6).toString('hex');
    const info = { ...pickedOf(asked), id, session, createdAtMs: clock.nowMs(), lastUsedAtMs: null };
    const { lastUsedAtMs: _none, ...rest } = { ...info, scope: scopeText(asked.scope), can: asked.can.join(',') };
    const row = { ...rest, hash: hashOf(token), session: Number(session), tokenId };
    const idleSinceMs = info.createdAtMs - SESSION_IDLE_MS;
    const work = () => {
      if (session) removeOver.run({ nowMs: info.createdAtMs, idleSinceMs });
      insert.run(row);
    };
    await whenWritable(() => durably(database, work));
    return { ...info, token };
  };
  return {
    create: (asked) => add(asked, newTokenText(), null, false),
    startSession: ({ tokenId, ...asked }) => add(asked, randomBytes(32).toString('base64url'), tokenId, true),
    list: () => reading(() => list.all()).map((row) => infoOf(row, use)),
    async revoke(id) {
      let row: Row | undefined;
      const work = () => {
        row = remove.get(id);
        removeSessions.run(id);
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
      const row = reading(() => find.get(hashOf(text), 0));
      return checked(row === undefined ? null : infoOf(row, use), use, clock.nowMs());
    },
    checkSession(text) {
      const row = reading(() => find.get(hashOf(text), 1));
      const session = row === undefined ? null : infoOf(row, use);
      if (session === null || isOver(session, clock.nowMs())) return null;
      use.note(session.id, session.lastUsedAtMs);
      return session;
    },
    used: ({ id, lastUsedAtMs }) => use.note(id, lastUsedAtMs),
    isValid(id) {
      const row = reading(() => get.get(id));
      return row !== undefined && !isOver(infoOf(row, use), clock.nowMs());
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

function isOver({ session, createdAtMs, lastUsedAtMs, expiresAtMs }: TokenInfo, nowMs: number): boolean {
  if (expiresAtMs !== null && expiresAtMs <= nowMs) return true;
  return session && nowMs - Math.max(createdAtMs, lastUsedAtMs ?? 0) >= SESSION_IDLE_MS;
}

/** Without whatever else the caller's object has. */
function pickedOf({ name, scope, can, expiresAtMs }: NewToken): NewToken {
  return { name, scope, can, expiresAtMs };
}

type Row = Record<string, SQLOutputValue>;

function infoOf(row: Row, use: TokenUse): TokenInfo {
  const id = String(row['id']);
  return {
    id,
    session: row['session'] === 1,
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
