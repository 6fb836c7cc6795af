/** The table `[tenants]`. */
import { z } from 'zod';
import { dnsServer } from '../dns-server.ts';
import { duration, label, parsedText, text } from './values.ts';

export const tenantsSchema = z.strictObject({
  default_plan: label()
    .optional()
    .describe('The plan of tenants that were given none: the NAME of a `[plan.NAME]`. Without it they have no plan.'),
  template: text()
    .optional()
    .describe(
      'A directory whose contents are copied into each new tenant directory; relative to the config. See docs/tenants.md.',
    ),
  render: z
    .array(text())
    .default([])
    .describe('Names, such as `*.json`, of files of the template that have variables such as `{id}` filled in.'),
  replace: z
    .record(text(), z.string())
    .default({})
    .describe('Words that are replaced in the names and contents of the template, such as `{ example = "{id}" }`.'),
  hold_timeout: duration()
    .default('1m')
    .describe(
      'How long requests to a tenant may be held while an operation, such as `export --still`, needs its processes to be at rest. Then the operation fails, and the requests are served.',
    ),
  verify_domains: z
    .boolean()
    .default(false)
    .describe(
      'Whether every domain of a tenant has to be proved by a TXT record before it is routed; see docs/domains.md. Domains that are active stay so.',
    ),
  dns_servers: z
    .array(parsedText(dnsServer))
    .default([])
    .describe(
      'Addresses of the DNS servers that are asked for these records, such as `"9.9.9.9"` or `"127.0.0.1:5353"`. Default: those of the system.',
    ),
});
