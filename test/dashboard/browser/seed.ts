/** Tenants that are in a registry before its server starts. */
import { join } from 'node:path';
import { newRecord } from '../../../src/core/lifecycle/instance.ts';
import { newTenant } from '../../../src/core/tenants/tenant.ts';
import { openDatabase } from '../../../src/registry/database.ts';
import { createRegistry } from '../../../src/registry/instances.ts';
import { openStateDir } from '../../../src/registry/locks/state-dir.ts';
import { createTenantStore } from '../../../src/registry/tenants.ts';

/** Every hundredth is on the plan `pro`, with a label. */
const EVERY = 100;

export function crowdName(index: number): string {
  return `tenant-${String(index).padStart(5, '0')}`;
}

/** Registers tenants with one sleeping instance of the service `app` each. @param dir has the config and `data` */
export function seedCrowd(dir: string, size: number): void {
  const stateDir = join(dir, 'data/.tenement');
  openStateDir(stateDir);
  const database = openDatabase(join(stateDir, 'tenement.db'));
  const ids = Array.from({ length: size }, (_, index) => crowdName(index));
  const now = Date.now();
  createRegistry(database).saveAll(ids.map((id) => newRecord('app', id, { env: {}, limits: {} }, now)));
  const tenants = createTenantStore(database);
  for (const [index, id] of ids.entries()) {
    const own = index % EVERY === 0 ? { plan: 'pro', labels: { tier: 'gold' } } : {};
    tenants.commit({ tenantId: id, record: { ...newTenant(id, now), ...own } }, { durable: false });
  }
  database.close();
}
