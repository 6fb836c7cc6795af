/** Schemas of requests and responses about tenants. */
import { z } from 'zod';
import { PERIODS } from '../../core/quota/period.ts';
import { QUOTA_METERS } from '../../core/quota/quota.ts';
import { isLabelValue, LABEL_KEY, LABEL_KEY_EXPECTED, LABEL_VALUE_EXPECTED } from '../../core/tenants/labels.ts';
import { LONG_KINDS } from '../../core/tenants/long-operation.ts';
import { TENANT_STATES } from '../../core/tenants/tenant-state.ts';
import { variableName, variableValue } from '../../input-schemas.ts';
import { domainNames } from './domains.ts';
import { listLimit } from './instances.ts';

const labelKey = z.string().regex(LABEL_KEY, LABEL_KEY_EXPECTED);
const labelValue = z.string().refine(isLabelValue, LABEL_VALUE_EXPECTED);
const labels = z.record(labelKey, labelValue).describe('What you note about the tenant.');
const environment = z.record(variableName, variableValue).describe('Variables of all its instances.');
const changedLabels = z.record(labelKey, labelValue.nullable()).describe('null removes a label.');
const changedEnvironment = z.record(variableName, variableValue.nullable()).describe('null removes a variable.');

const expires = z
  .string()
  .min(1)
  .describe('2026-12-31, 2026-12-31T12:00:00Z, a duration from now (30d), now, or never.');
/** The same date as in answers. */
const expiresAt = z.iso.datetime({ offset: true });

interface Dated {
  readonly expires?: string | null | undefined;
  readonly expiresAt?: string | null | undefined;
}

/** Accepts one of the two names for the date, and keeps `expires`. */
function oneDate<Body extends Dated>({ expiresAt: at, ...body }: Body) {
  return { ...body, ...(at !== undefined && { expires: at }) };
}

const onlyOneDate = ({ expires: text, expiresAt: at }: Dated) => text === undefined || at === undefined;
const ONE_DATE = 'expires: give it or expiresAt, not both';

export const tenantParams = z.object({ tenant: z.string().describe('The id, for example acme') });

export const createTenantBody = z
  .strictObject({
    id: z.string().describe('A DNS label: 1 to 63 of a-z, 0-9 and -, with no - at either end.'),
    services: z.array(z.string().min(1)).min(1).optional().describe('Default: the default service.'),
    plan: z.string().min(1).optional().describe('Default: the default plan.'),
    domains: domainNames.optional(),
    expires: expires.optional(),
    expiresAt: expiresAt.optional(),
    labels: labels.optional(),
    env: environment.optional(),
    start: z.boolean().optional().describe('false: register without starting. Default true.'),
    wait: z.boolean().optional().describe('false: answer at once. Default true.'),
  })
  .refine(onlyOneDate, ONE_DATE)
  .transform(oneDate);

export const changeTenantBody = z
  .strictObject({
    plan: z.string().min(1).nullable().optional().describe('null: the default plan.'),
    expires: expires.nullable().optional(),
    expiresAt: expiresAt.nullable().optional().describe('null: never.'),
    labels: changedLabels.optional(),
    env: changedEnvironment.optional(),
  })
  .refine(onlyOneDate, ONE_DATE)
  .transform(oneDate);

/** `key=value`, also repeated. */
const labelFilter = z
  .union([z.string(), z.array(z.string())])
  .transform((text) =>
    [text].flat().map((one) => [one.split('=', 1)[0] ?? '', one.slice(one.indexOf('=') + 1)] as const),
  )
  .refine((pairs) => pairs.every(([key]) => LABEL_KEY.test(key)), 'expected key=value')
  .transform((pairs) => Object.fromEntries(pairs));

export const tenantsQuery = z.strictObject({
  plan: z.string().optional().describe('Only tenants on this plan.'),
  state: z.enum(TENANT_STATES).optional().describe('Only tenants in this state.'),
  label: labelFilter.optional().describe('Only tenants with this label, as key=value; may be repeated.'),
  limit: listLimit.optional(),
  after: z.string().optional().describe('Only tenants whose id comes after this one: `next` of the page before.'),
});

export const removeTenantQuery = z.strictObject({
  purge: z
    .enum(['', 'true', '1', 'false', '0'])
    .transform((text) => text !== 'false' && text !== '0')
    .optional()
    .describe('Also destroy what its hooks have made, and delete its directory and logs.'),
});

const provisioningSchema = z.object({
  action: z.enum(['create', 'destroy']),
  waiting: z.array(z.string()),
  running: z.string().nullable(),
  failed: z
    .object({
      hook: z.string(),
      reason: z.string(),
      since: z.iso.datetime(),
      at: z.iso.datetime(),
      failures: z.int(),
      nextTryAt: z.iso.datetime().nullable(),
      lastLines: z.array(z.string()),
    })
    .nullable(),
});

const longOperation = z.object({
  kind: z.enum(LONG_KINDS),
  startedAt: z.iso.datetime(),
  by: z.string(),
  doneFiles: z.int().nullable(),
  doneBytes: z.int().nullable(),
  totalFiles: z.int().nullable(),
  totalBytes: z.int().nullable(),
});

export const tenantSchema = z.object({
  id: z.string(),
  state: z.enum(TENANT_STATES),
  reason: z.string(),
  plan: z.string().nullable(),
  expiresAt: z.iso.datetime().nullable(),
  labels: z.record(z.string(), z.string()),
  domains: z.array(z.string()),
  instances: z.array(z.string()),
  variables: z.array(z.string()),
  storageBytes: z.number().nullable(),
  requestsThisMonth: z.int(),
  quotas: z.array(
    z.object({
      meter: z.enum(QUOTA_METERS),
      used: z.number(),
      limit: z.number(),
      period: z.enum(PERIODS),
      resetsAt: z.iso.datetime(),
    }),
  ),
  provisioning: provisioningSchema.nullable(),
  operation: longOperation.nullable().describe('What runs on it that takes its time.'),
  createdAt: z.iso.datetime(),
});

export const tenantsSchema = z.object({ tenants: z.array(tenantSchema), next: z.string().nullable() });
