/** All stores of a registry, over one database. */
import type { Clock } from '../core/ports.ts';
import type { Logger } from '../logger.ts';
import { createBackupStore } from './backups.ts';
import { createCertificateStore } from './certificates.ts';
import { createCounterStore } from './counters.ts';
import { openDatabase } from './database.ts';
import { createDomainStore } from './domains.ts';
import { createEventLog } from './events/events.ts';
import { RegistryOutbox } from './events/outbox.ts';
import { createHookStore } from './hooks.ts';
import { createRegistry } from './instances.ts';
import { createQuotaStore } from './quotas.ts';
import { createSecretStore } from './secrets.ts';
import { createTenantStore } from './tenants.ts';
import { createTokenStore } from './tokens/tokens.ts';
import { createUsageReader, createUsageStore } from './usage.ts';

/** @throws {TenementError} `state_failed` */
export function openStores(file: string, deps: { readonly logger: Logger; readonly clock: Clock }) {
  const database = openDatabase(file);
  const outbox = new RegistryOutbox(database);
  const tokens = createTokenStore(database, deps);
  return {
    outbox,
    tokens,
    events: createEventLog(database, { ...deps, outbox }),
    instances: createRegistry(database),
    tenants: createTenantStore(database, () => tokens.tenantForgotten()),
    domains: createDomainStore(database),
    hooks: createHookStore(database),
    counters: createCounterStore(database),
    quotas: createQuotaStore(database),
    secrets: createSecretStore(database),
    backups: createBackupStore(database),
    certificates: createCertificateStore(database),
    usage: createUsageStore(database),
    usageReader: createUsageReader(database),
    close: () => {
      tokens.close();
      database.close();
    },
  };
}
