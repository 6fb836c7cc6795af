/** Schemas of requests and responses about domains of tenants' own. */
import { z } from 'zod';
import { DOMAIN_STATES } from '../../core/verbs/domain-verbs.ts';
import { certificateSchema } from './certificates.ts';
import { listLimit } from './instances.ts';

const time = z.iso.datetime();
const tenant = z.string().min(1);
const name = z.string().max(1000);

export const domainParams = z.object({ domain: z.string().describe('The domain, for example shop.example.com') });

export const addDomainBody = z.strictObject({
  tenant: tenant.describe('The tenant that it belongs to.'),
  domain: name.describe('A name in DNS, in any case, also with letters beyond ASCII.'),
  service: z.string().min(1).optional().describe('The service that it leads to. Default: the default service.'),
  verify: z
    .boolean()
    .optional()
    .describe('true: route it only once its TXT record is found. Default: `[tenants] verify_domains`.'),
});

export const chosenDomainQuery = z.strictObject({
  tenant: tenant.optional().describe('Whose it is, if several tenants ask for a domain that nobody has yet.'),
});

export const domainsQuery = z.strictObject({
  tenant: tenant.optional().describe('Only domains of this tenant.'),
  limit: listLimit.optional(),
  after: z.string().optional().describe('`next` of the page before.'),
});

export const domainSchema = z.object({
  domain: z.string().describe('As it is in requests: in lower case, of A-labels.'),
  name: z.string().describe('The same for people.'),
  tenant: z.string(),
  service: z.string(),
  state: z.enum(DOMAIN_STATES),
  reason: z.string(),
  url: z.string().nullable(),
  warning: z.string().nullable().describe('What to look at before the name is trusted.'),
  proof: z
    .object({ name: z.string(), type: z.literal('TXT'), value: z.string() })
    .nullable()
    .describe('The DNS record that proves it; null: none was asked for.'),
  certificate: certificateSchema.nullable().describe('Its certificate by ACME; null: none was ordered.'),
  addedAt: time,
  verifiedAt: time.nullable(),
  checkedAt: time.nullable(),
  nextCheckAt: time.nullable(),
});

export const domainsSchema = z.object({ domains: z.array(domainSchema), next: z.string().nullable() });
/** For the bodies of tenants. */
export const domainNames = z
  .array(name)
  .max(100)
  .describe('Domains of its own, which lead to the default service, or else to the first of its services.');
