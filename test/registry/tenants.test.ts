import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newRecord as newCertificate } from '../../src/core/acme/certificate-record.ts';
import { newRecord } from '../../src/core/lifecycle/instance.ts';
import { newTenant, type TenantRecord } from '../../src/core/tenants/tenant.ts';
import { createCertificateStore } from '../../src/registry/certificates.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createRegistry } from '../../src/registry/instances.ts';
import { MIGRATIONS } from '../../src/registry/migrations.ts';
import { createTenantStore } from '../../src/registry/tenants.ts';

const OWN = { env: {}, limits: {} };
/** The last schema without tenants. */
const BEFORE_TENANTS = 4;

function databaseFile(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'tenement.db');
}

function open(file: string) {
  const database = openDatabase(file);
  onTestFinished(() => void (database.isOpen && database.close()));
  return { database, registry: createRegistry(database), tenants: createTenantStore(database) };
}

describe('a registry of the schema before tenants', () => {
  function older(file: string, instances: readonly [service: string, tenant: string, createdAtMs: number][]): void {
    const database = new DatabaseSync(file);
    for (const sql of MIGRATIONS.slice(0, BEFORE_TENANTS)) database.exec(sql);
    database.exec(`PRAGMA user_version = ${BEFORE_TENANTS}`);
    const insert = database.prepare(
      `INSERT INTO instances (service, tenant, env, created_at_ms, desired, state, restarts, wakes, requests)
       VALUES (?, ?, '{}', ?, 'asleep', 'asleep', 0, 0, 0)`,
    );
    for (const row of instances) insert.run(...row);
    database.close();
  }

  it('has one record for each tenant of its instances, as old as the first of them', () => {
    const file = databaseFile();
    older(file, [
      ['api', 'acme', 2000],
      ['web', 'acme', 1000],
      ['api', 'globex', 3000],
    ]);
    const { tenants, registry } = open(file);
    expect(tenants.list()).toEqual([newTenant('acme', 1000), newTenant('globex', 3000)]);
    expect(registry.list()).toHaveLength(3);
  });

  it('has none when it has no instances', () => {
    const file = databaseFile();
    older(file, []);
    expect(open(file).tenants.list()).toEqual([]);
  });

  it('is migrated once: a forgotten tenant does not come back', () => {
    const file = databaseFile();
    older(file, [['api', 'acme', 1000]]);
    const { tenants, database } = open(file);
    tenants.commit({ tenantId: 'acme', record: null });
    database.close();
    expect(open(file).tenants.list()).toEqual([]);
  });
});

describe('a change of a tenant', () => {
  it('survives a reopen, with its instance', () => {
    const file = databaseFile();
    const { tenants, database } = open(file);
    const record: TenantRecord = {
      id: 'acme',
      createdAtMs: 1000,
      uid: 200_007,
      plan: 'pro',
      expiresAtMs: 5000,
      labels: { region: 'eu' },
      env: { A: '1' },
      desired: 'stopped',
    };
    const instance = newRecord('api', 'acme', OWN, 1000);
    tenants.commit({ tenantId: 'acme', record, addInstances: [instance] });
    database.close();
    const again = open(file);
    expect(again.tenants.get('acme')).toEqual(record);
    expect(again.registry.list()).toEqual([instance]);
    expect(again.tenants.get('globex')).toBeNull();
  });

  it('leaves other tenants alone', () => {
    const { tenants, registry } = open(databaseFile());
    const record = newTenant('acme', 1000);
    tenants.commit({ tenantId: 'acme', record, addInstances: [newRecord('api', 'acme', OWN, 1000)] });
    tenants.commit({ tenantId: 'acme', addInstances: [newRecord('web', 'acme', OWN, 1000)] });
    tenants.commit({ tenantId: 'acme', removeInstances: ['api'] });
    expect(tenants.list()).toEqual([record]);
    expect(registry.list().map(({ service }) => service)).toEqual(['web']);
  });

  it('is written as a whole or not at all', () => {
    const { tenants, registry, database } = open(databaseFile());
    database.exec(`CREATE TRIGGER full BEFORE INSERT ON instances BEGIN SELECT RAISE(ABORT, 'no room'); END`);
    const addInstances = [newRecord('api', 'acme', OWN, 1000)];
    const change = { tenantId: 'acme', record: newTenant('acme', 1000), addInstances };
    expect(() => tenants.commit(change)).toThrow(expect.objectContaining({ code: 'state_failed' }));
    expect([tenants.list(), registry.list()]).toEqual([[], []]);
  });
});

it('certificates go with a tenant that is purged, and stay after one that is unregistered', () => {
  const { tenants, database } = open(databaseFile());
  const certificates = createCertificateStore(database);
  const directory = 'https://ca.example/dir';
  certificates.put(
    ['acme', 'globex', null].map((tenantId) =>
      newCertificate({ name: `${tenantId}.test`, tenantId, directory, isAhead: true }, 1),
    ),
  );
  tenants.commit({ tenantId: 'globex', record: null });
  expect(Array.from(certificates.list(), ({ name }) => name)).toEqual(['acme.test', 'globex.test', 'null.test']);
  tenants.commit({ tenantId: 'acme', record: null, isPurged: true });
  expect(Array.from(certificates.list(), ({ name }) => name)).toEqual(['globex.test', 'null.test']);
});

describe('an operation on a tenant', () => {
  const operation = {
    kind: 'delete',
    step: 'files',
    startedAtMs: 1000,
    services: ['api'],
    withDirectory: true,
    withRecord: true,
  } as const;

  it('is found by the next server, until a change of the tenant says that it is over', () => {
    const file = databaseFile();
    const { tenants, database } = open(file);
    tenants.commit({ tenantId: 'acme', record: newTenant('acme', 1), operation });
    database.close();
    const again = open(file);
    expect(again.tenants.unfinished()).toEqual([{ tenantId: 'acme', operation }]);
    expect([again.tenants.operationOf('acme'), again.tenants.operationOf('globex')]).toEqual([operation, null]);
    again.tenants.commit({ tenantId: 'acme', addInstances: [newRecord('api', 'acme', OWN, 1000)] });
    expect(again.tenants.unfinished()).toHaveLength(1);
    again.tenants.commit({ tenantId: 'acme', operation: null }, { durable: false });
    expect(again.tenants.unfinished()).toEqual([]);
  });
});
