/** The encrypted secrets of tenants in the registry. */
import type { SQLOutputValue } from 'node:sqlite';
import type { OwnedSecret, SealedSecret, SecretSource } from '../core/secrets/sealed-secret.ts';
import type { SecretStore } from '../core/stores/secret-store.ts';
import { type Database, durably, reading } from './database.ts';

export function createSecretStore(database: Database): SecretStore {
  const list = database.prepare('SELECT * FROM secrets WHERE tenant = ? ORDER BY name');
  const keyIds = database.prepare('SELECT DISTINCT key_id FROM secrets');
  const notUnder = database.prepare(
    'SELECT * FROM secrets WHERE key_id <> ? AND (tenant, name) > (?, ?) ORDER BY tenant, name LIMIT ?',
  );
  const reseal = database.prepare(
    'UPDATE secrets SET key_id = ?, sealed = ? WHERE tenant = ? AND name = ? AND version = ?',
  );
  return {
    list: (tenantId) => reading(() => Array.from(list.iterate(tenantId), secretOf)),
    keyIds: () => reading(() => Array.from(keyIds.iterate(), ({ key_id }) => String(key_id))),
    notUnder: (keyId, { tenantId, name }, limit) =>
      reading(() => Array.from(notUnder.iterate(keyId, tenantId, name, limit), ownedOf)),
    reseal: (secrets) => {
      database.exec('PRAGMA secure_delete = ON');
      try {
        durably(database, () => {
          for (const { tenantId, name, version, keyId, sealed } of secrets)
            reseal.run(keyId, sealed, tenantId, name, version);
        });
      } finally {
        database.exec('PRAGMA secure_delete = OFF');
      }
    },
    scrub: () => void reading(() => database.exec('PRAGMA wal_checkpoint(TRUNCATE)')),
  };
}

export interface SecretRows {
  put(tenantId: string, secret: SealedSecret): void;
  remove(tenantId: string, name: string): void;
  removeAll(tenantId: string): void;
}

/** Writes rows inside the caller's transaction. */
export function secretRows(database: Database): SecretRows {
  const put = database.prepare('INSERT OR REPLACE INTO secrets VALUES (?, ?, ?, ?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM secrets WHERE tenant = ? AND name = ?');
  const removeAll = database.prepare('DELETE FROM secrets WHERE tenant = ?');
  return {
    put: (tenantId, { name, version, changedAtMs, source, keyId, sealed }) =>
      void put.run(tenantId, name, version, changedAtMs, source, keyId, sealed),
    remove: (tenantId, name) => void remove.run(tenantId, name),
    removeAll: (tenantId) => void removeAll.run(tenantId),
  };
}

function ownedOf(row: Record<string, SQLOutputValue>): OwnedSecret {
  return { ...secretOf(row), tenantId: String(row['tenant']) };
}

function secretOf(row: Record<string, SQLOutputValue>): SealedSecret {
  return {
    name: String(row['name']),
    version: Number(row['version']),
    changedAtMs: Number(row['changed_at_ms']),
    source: String(row['source']) as SecretSource,
    keyId: String(row['key_id']),
    sealed: row['sealed'] as Uint8Array,
  };
}
