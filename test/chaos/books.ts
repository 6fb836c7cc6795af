/** What tenants wrote down, from their own databases. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Tenant } from './town.ts';

/** The numbers in a tenant's database, as often as they stand there. */
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
