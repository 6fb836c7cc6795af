import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { SealedSecret } from '../../src/core/secrets/sealed-secret.ts';
import { newTenant } from '../../src/core/tenants/tenant.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createSecretStore } from '../../src/registry/secrets.ts';
import { createTenantStore } from '../../src/registry/tenants.ts';

function open() {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const database = openDatabase(join(dir, 'tenement.db'));
  onTestFinished(() => {
    database.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { tenants: createTenantStore(database), secrets: createSecretStore(database) };
}

function sealed(name: string, version = 1): SealedSecret {
  const bytes = Uint8Array.from([version, 0, 255]);
  return { name, version, changedAtMs: 1000, source: 'hook:api/db', keyId: 'k1', sealed: bytes };
}

it('keeps each tenant its own secrets, by name', () => {
  const { tenants, secrets } = open();
  tenants.commit({ tenantId: 'acme', record: newTenant('acme', 1), putSecrets: [sealed('B'), sealed('A')] });
  tenants.commit({ tenantId: 'globex', record: newTenant('globex', 1), putSecrets: [sealed('A', 7)] });
  expect(secrets.list('acme')).toEqual([sealed('A'), sealed('B')]);
  expect(secrets.list('globex')).toEqual([sealed('A', 7)]);
});

it('replaces and removes secrets in one step with the rest of a change', () => {
  const { tenants, secrets } = open();
  tenants.commit({ tenantId: 'acme', putSecrets: [sealed('A'), sealed('B')] });
  tenants.commit({ tenantId: 'acme', putSecrets: [sealed('A', 2)], removeSecrets: ['B'] });
  expect(secrets.list('acme')).toEqual([sealed('A', 2)]);
});

it('forgets the secrets of a tenant that is forgotten, also while its directory is yet to be deleted', () => {
  const { tenants, secrets } = open();
  const operation = { kind: 'delete', step: 'files', startedAtMs: 1, services: [] } as const;
  tenants.commit({ tenantId: 'acme', record: newTenant('acme', 1), putSecrets: [sealed('A')] });
  tenants.commit({ tenantId: 'acme', operation: { ...operation, withDirectory: true, withRecord: false } });
  expect(secrets.list('acme')).toHaveLength(1);
  tenants.commit({ tenantId: 'acme', operation: { ...operation, withDirectory: true, withRecord: true } });
  expect(secrets.list('acme')).toEqual([]);
  tenants.commit({ tenantId: 'acme', putSecrets: [sealed('A')] });
  tenants.commit({ tenantId: 'acme', record: null });
  expect(secrets.list('acme')).toEqual([]);
});
