/** The records of tenants and the server, from their own databases. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Tenant } from './tenants.ts';

/** Returns the numbers in a tenant's database, including repetitions. */
export function writesOf(dataDir: string, tenant: Tenant): number[] {
  const notes = tenant.kind === 'notes';
  const file = join(dataDir, tenant.id, notes ? 'notes.db' : 'ledger.db');
  if (!existsSync(file)) return [];
  const database = new DatabaseSync(file);
  try {
    const query = notes ? 'SELECT CAST(substr(text, 7) AS INTEGER) AS n FROM notes' : 'SELECT n FROM writes';
    return database
      .prepare(query)
      .all()
      .map((row) => Number(row['n']));
  } finally {
    database.close();
  }
}

/** Returns the processes that were serving, or starting, by the registry of an ended server, each with its state. */
export function servingIn(dataDir: string): Map<number, string> {
  const database = new DatabaseSync(join(dataDir, '.tenement/tenement.db'));
  try {
    const rows = database
      .prepare(
        "SELECT process, state FROM instances WHERE process IS NOT NULL AND state IN ('starting', 'ready', 'suspended')",
      )
      .all();
    return new Map(rows.map((row) => [Number(JSON.parse(String(row['process'])).pid), String(row['state'])]));
  } finally {
    database.close();
  }
}
