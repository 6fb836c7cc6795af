/** The thread that deletes old hours: a few rows at a time, so that the server's own writes never wait for long. */
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { loadExperimental } from '../node/experimental.ts';
import type { ExpiryTask } from './expiry.ts';

const { DatabaseSync } = loadExperimental('node:sqlite');

const ROWS_AT_ONCE = 500;
/** Between two transactions, in which the server writes. */
const PAUSE_MS = 5;
/** How long a transaction waits for one of the server's. */
const WAIT_MS = 5000;

const { file, beforeHour } = workerData as ExpiryTask;
const database = new DatabaseSync(file);
database.exec(`PRAGMA busy_timeout = ${WAIT_MS}`);
const rows = await deletedFrom('usage', 'tenant, hour');
parentPort?.postMessage(rows + (await deletedFrom('hook_meters', 'tenant, hour, meter')));
database.close();

async function deletedFrom(table: 'usage' | 'hook_meters', key: string): Promise<number> {
  const next = database.prepare(`SELECT min(tenant) AS tenant FROM ${table} WHERE tenant > ?`);
  const remove = database.prepare(
    `DELETE FROM ${table} WHERE (${key}) IN
     (SELECT ${key} FROM ${table} WHERE tenant = ? AND hour < ? LIMIT ${ROWS_AT_ONCE})`,
  );
  let rows = 0;
  for (let tenant = next.get('')?.['tenant']; typeof tenant === 'string'; tenant = next.get(tenant)?.['tenant']) {
    for (let more = true; more; ) {
      const changes = Number(remove.run(tenant, beforeHour).changes);
      rows += changes;
      more = changes === ROWS_AT_ONCE;
      if (changes > 0) await delay(PAUSE_MS);
    }
  }
  return rows;
}
