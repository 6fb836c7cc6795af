/**
 * API tokens: 256 random bits, of which only the SHA-256 is stored, without a salt, since random bits cannot be
 * guessed.
 */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type { SQLOutputValue } from 'node:sqlite';
import type { TokenInfo, TokenStore } from '../core/stores/token-store.ts';
import { type Database, durably, reading } from './database.ts';
import { whenWritable } from './patience.ts';

const PREFIX = 'tnm_';

export function createTokenStore(database: Database, nowMs: () => number = Date.now): TokenStore {
  const insert = database.prepare('INSERT INTO tokens (id, name, hash, created_at_ms) VALUES (?, ?, ?, ?)');
  const list = database.prepare('SELECT id, name, created_at_ms FROM tokens ORDER BY created_at_ms, id');
  const remove = database.prepare('DELETE FROM tokens WHERE id = ?');
  const find = database.prepare('SELECT id, name, created_at_ms FROM tokens WHERE hash = ?');
  return {
    async create(name) {
      const token = PREFIX + randomBytes(32).toString('base64url');
      const info: TokenInfo = { id: randomBytes(6).toString('hex'), name, createdAtMs: nowMs() };
      const work = () => void insert.run(info.id, name, hashOf(token), info.createdAtMs);
      await whenWritable(() => durably(database, work));
      return { ...info, token };
    },
    list: () => reading(() => list.all()).map(infoOf),
    async revoke(id) {
      let changes = 0;
      const work = () => {
        changes = Number(remove.run(id).changes);
      };
      await whenWritable(() => durably(database, work));
      return changes > 0;
    },
    // The comparison is of hashes, so its duration reveals nothing about the token.
    verify: (token) => {
      const row = reading(() => find.get(hashOf(token)));
      return row === undefined ? null : infoOf(row);
    },
  };
}

function infoOf(row: Record<string, SQLOutputValue>): TokenInfo {
  return { id: String(row['id']), name: String(row['name']), createdAtMs: Number(row['created_at_ms']) };
}

/** Makes the first token and writes it to `file`, mode 0600. Does nothing while the file has a valid one. */
export async function ensureAdminToken(tokens: TokenStore, file: string): Promise<void> {
  const present = readToken(file);
  if (present !== null && tokens.verify(present) !== null) return;
  const { token } = await tokens.create('admin');
  const temporary = `${file}.new`;
  const fd = openSync(temporary, 'w', 0o600);
  writeSync(fd, `${token}\n`);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(temporary, file);
}

function readToken(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}

function hashOf(token: string): Uint8Array {
  return createHash('sha256').update(token).digest();
}
