/** Schemas that the description has by name, so that generated clients have types for them. */
import type { z } from 'zod';
import { backupRunSchema, backupsSchema, restoredSchema } from '../schemas/backups.ts';
import { certificateSchema, certificatesSchema } from '../schemas/certificates.ts';
import { dashboardListSchema } from '../schemas/dashboard.ts';
import { domainSchema, domainsSchema } from '../schemas/domains.ts';
import {
  instanceSchema,
  instancesSchema,
  newTokenSchema,
  notifyTargetsSchema,
  notifyTestSchema,
  problemSchema,
  spawnBody,
  tokenSchema,
  tokensSchema,
} from '../schemas/instances.ts';
import { createTenantBody, tenantSchema, tenantsSchema } from '../schemas/tenants.ts';
import { usageSchema } from '../schemas/usage.ts';

interface NamedSchema {
  readonly name: string;
  readonly example?: unknown;
}

const PROBLEM = {
  type: 'about:blank',
  title: 'Not Found',
  status: 404,
  code: 'unknown_tenant',
  detail: 'api:acme is not registered',
  hint: '`tenement ps` lists what is.',
};

export const SCHEMA_NAMES: ReadonlyMap<z.core.$ZodType, NamedSchema> = new Map<z.core.$ZodType, NamedSchema>([
  [problemSchema, { name: 'Problem', example: PROBLEM }],
  [instanceSchema, { name: 'Instance' }],
  [instancesSchema, { name: 'InstanceList' }],
  [spawnBody, { name: 'NewInstance', example: { service: 'api', id: 'acme', env: { LANG: 'de_DE.UTF-8' } } }],
  [tenantSchema, { name: 'Tenant' }],
  [tenantsSchema, { name: 'TenantList' }],
  [createTenantBody, { name: 'NewTenant', example: { id: 'acme', plan: 'pro', domains: ['shop.acme.com'] } }],
  [domainSchema, { name: 'Domain' }],
  [domainsSchema, { name: 'DomainList' }],
  [certificateSchema, { name: 'Certificate' }],
  [certificatesSchema, { name: 'CertificateList' }],
  [tokenSchema, { name: 'Token' }],
  [newTokenSchema, { name: 'NewToken' }],
  [tokensSchema, { name: 'TokenList' }],
  [usageSchema, { name: 'UsageList' }],
  [backupsSchema, { name: 'BackupList' }],
  [backupRunSchema, { name: 'BackupRun' }],
  [restoredSchema, { name: 'Restored' }],
  [notifyTargetsSchema, { name: 'NotifyTargetList' }],
  [notifyTestSchema, { name: 'NotifyTest' }],
  [dashboardListSchema, { name: 'DashboardList' }],
]);
