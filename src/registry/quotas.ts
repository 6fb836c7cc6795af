/** What tenants have used of their quotas, in the registry: one row for each period. */
import type { SQLOutputValue } from 'node:sqlite';
import type { QuotaKey, QuotaState, QuotaStore } from '../core/stores/quota-store.ts';
import { type Database, durably, reading } from './database.ts';

/**
 * How many periods of a quota are kept. A clock that is set back may enter one again, but not one that came before them:
 * 400 hours are 16 days.
 */
const KEEP = 400;

const OF_QUOTA = 'tenant = :tenant AND meter = :meter AND period = :period';
const KEPT = `SELECT start_ms FROM quotas WHERE ${OF_QUOTA} ORDER BY start_ms DESC LIMIT 1 OFFSET :keep`;

export function createQuotaStore(database: Database, keep = KEEP): QuotaStore {
  const get = database.prepare(`SELECT * FROM quotas WHERE ${OF_QUOTA} AND start_ms = :start`);
  const oldest = database.prepare(KEPT);
  const save = database.prepare(
    `INSERT OR REPLACE INTO quotas (tenant, meter, period, start_ms, used_limit, reserved, announced, reached_at_ms)
     VALUES (:tenant, :meter, :period, :start, :limit, :reserved, :announced, :reached)`,
  );
  const prune = database.prepare(`DELETE FROM quotas WHERE ${OF_QUOTA} AND start_ms <= (${KEPT})`);
  return {
    read: ({ startMs, ...key }) =>
      reading(() => {
        const quota = columnsOf(key);
        const row = get.get({ ...quota, start: startMs });
        if (row !== undefined) return stateOf(row);
        const limit = oldest.get({ ...quota, keep: keep - 1 })?.['start_ms'];
        return limit !== undefined && startMs < Number(limit) ? 'forgotten' : null;
      }),
    save: (entries) =>
      durably(database, () => {
        for (const { startMs, limit, reserved, announced, reachedAtMs, ...key } of entries) {
          const quota = columnsOf(key);
          save.run({ ...quota, start: startMs, limit, reserved, announced, reached: reachedAtMs });
          prune.run({ ...quota, keep });
        }
      }),
  };
}

function columnsOf({ tenantId, meter, period }: Omit<QuotaKey, 'startMs'>) {
  return { tenant: tenantId, meter, period };
}

function stateOf(row: Record<string, SQLOutputValue>): QuotaState {
  const announced = Number(row['announced']);
  return {
    limit: Number(row['used_limit']),
    reserved: Number(row['reserved']),
    announced: announced === 100 || announced === 80 ? announced : 0,
    reachedAtMs: row['reached_at_ms'] === null ? null : Number(row['reached_at_ms']),
  };
}
