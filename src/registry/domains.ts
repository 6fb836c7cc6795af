/** Domains of tenants in the registry. */
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { DomainRecord } from '../core/domains/domain.ts';
import type { DomainPageQuery, DomainStore } from '../core/stores/domain-store.ts';
import { type Database, reading } from './database.ts';

type Row = Record<string, SQLOutputValue>;

/** As in the index of active domains. */
const ACTIVE = '(token IS NULL OR verified_at_ms IS NOT NULL)';
/** As in the index of pending domains. */
const PENDING = 'token IS NOT NULL AND verified_at_ms IS NULL';

export function createDomainStore(database: Database): DomainStore {
  const all = (sql: string) => {
    const statement = database.prepare(sql);
    return (...values: SQLInputValue[]) => reading(() => Array.from(statement.iterate(...values)));
  };
  const ofHost = all(`SELECT * FROM domains WHERE host = ? ORDER BY ${ACTIVE} DESC, tenant`);
  const hosts = all('SELECT host FROM domains WHERE tenant = ? ORDER BY host');
  // Both read an index alone, since one tenant may have very many.
  const total = all('SELECT count(*) AS count FROM domains INDEXED BY domains_tenant WHERE tenant = ?');
  const pending = all(`SELECT count(*) AS count FROM domains WHERE tenant = ? AND ${PENDING}`);
  const active = database.prepare(`SELECT host, service, tenant FROM domains WHERE ${ACTIVE}`);
  const isUnder = `${ACTIVE} AND (host = ? OR substr(host, -length(?) - 1) = '.' || ?)`;
  const under = all(`SELECT * FROM domains WHERE ${isUnder} ORDER BY host LIMIT ?`);
  const countUnder = all(`SELECT count(*) AS total FROM domains WHERE ${isUnder}`);
  const due = all('SELECT * FROM domains WHERE next_check_at_ms <= ? ORDER BY next_check_at_ms LIMIT ?');
  const next = all('SELECT min(next_check_at_ms) AS at FROM domains WHERE next_check_at_ms IS NOT NULL');
  return {
    ofHost: (host) => ofHost(host).map(recordOf),
    hostsOf: (tenantId) => hosts(tenantId).map(({ host }) => String(host)),
    countsOf: (tenantId) => ({
      all: Number(total(tenantId)[0]?.['count']),
      pending: Number(pending(tenantId)[0]?.['count']),
    }),
    page: (query) => page(database, query),
    *active() {
      for (const { host, service, tenant } of reading(() => active.iterate()))
        yield { host: String(host), service: String(service), tenantId: String(tenant) };
    },
    under: (domain, limit) => ({
      domains: under(domain, domain, domain, limit).map(recordOf),
      count: Number(countUnder(domain, domain, domain)[0]?.['total']),
    }),
    due: (nowMs, limit) => due(nowMs, limit).map(recordOf),
    nextCheckAtMs: () => numberOrNull(next()[0]?.['at']),
  };
}

/** Few combinations of conditions occur, and SQLite compiles a statement in microseconds. */
function page(database: Database, { tenantId, service, after, limit }: DomainPageQuery): DomainRecord[] {
  const conditions: [string, SQLInputValue[]][] = [
    ...(tenantId === undefined ? [] : [['tenant = ?', [tenantId]] satisfies [string, SQLInputValue[]]]),
    ...(service === undefined ? [] : [['service = ?', [service]] satisfies [string, SQLInputValue[]]]),
    ...(after === undefined
      ? []
      : [['(host, tenant) > (?, ?)', [after.host, after.tenantId]] satisfies [string, SQLInputValue[]]]),
  ];
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`;
  const statement = `SELECT * FROM domains ${where} ORDER BY host, tenant LIMIT ?`;
  const values = conditions.flatMap(([, given]) => given);
  // SQLite's −1: no limit.
  const most = Number.isFinite(limit) ? limit : -1;
  return reading(() => Array.from(database.prepare(statement).iterate(...values, most), recordOf));
}

export interface DomainRows {
  put(domain: DomainRecord): void;
  remove(tenantId: string, host: string): void;
  removeAll(tenantId: string): void;
}

/** Writes rows inside the caller's transaction. */
export function domainRows(database: Database): DomainRows {
  const put = database.prepare(
    // Unlike INSERT OR REPLACE, this fails when another tenant has the host.
    `INSERT INTO domains VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (host, tenant) DO UPDATE SET
       service = excluded.service, added_at_ms = excluded.added_at_ms, token = excluded.token,
       verified_at_ms = excluded.verified_at_ms, checks = excluded.checks, checked_at_ms = excluded.checked_at_ms,
       next_check_at_ms = excluded.next_check_at_ms, problem = excluded.problem`,
  );
  const remove = database.prepare('DELETE FROM domains WHERE tenant = ? AND host = ?');
  const removeAll = database.prepare('DELETE FROM domains WHERE tenant = ?');
  return {
    put: (domain) => void put.run(...columnsOf(domain)),
    remove: (tenantId, host) => void remove.run(tenantId, host),
    removeAll: (tenantId) => void removeAll.run(tenantId),
  };
}

function columnsOf({ host, tenantId, service, addedAtMs, verification }: DomainRecord): SQLInputValue[] {
  const head = [host, tenantId, service, addedAtMs];
  if (verification === null) return [...head, null, null, 0, null, null, null];
  const { token, verifiedAtMs, checks, checkedAtMs, nextCheckAtMs, problem } = verification;
  return [...head, token, verifiedAtMs, checks, checkedAtMs, nextCheckAtMs, problem];
}

function recordOf(row: Row): DomainRecord {
  return {
    host: String(row['host']),
    tenantId: String(row['tenant']),
    service: String(row['service']),
    addedAtMs: Number(row['added_at_ms']),
    verification:
      row['token'] === null
        ? null
        : {
            token: String(row['token']),
            verifiedAtMs: numberOrNull(row['verified_at_ms']),
            checks: Number(row['checks']),
            checkedAtMs: numberOrNull(row['checked_at_ms']),
            nextCheckAtMs: numberOrNull(row['next_check_at_ms']),
            problem: row['problem'] === null ? null : String(row['problem']),
          },
  };
}

function numberOrNull(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
