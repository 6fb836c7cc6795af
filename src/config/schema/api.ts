/** The table `[api]`. */
import { z } from 'zod';
import { address } from './values.ts';

export const apiSchema = z.strictObject({
  listen: address().default('127.0.0.1:8000').describe('Address on which the HTTP API listens.'),
  auth: z.enum(['token', 'none']).default('token').describe('`none` is refused unless `listen` is a loopback address.'),
  metrics_per_tenant: z
    .boolean()
    .default(true)
    .describe(
      'Whether `/metrics` has series for each tenant, of the first 10,000. With `false` their metrics are added up by service and have no label `tenant`.',
    ),
});
