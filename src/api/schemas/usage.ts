/** Schemas of /api/usage. */
import { z } from 'zod';
import { PERIODS } from '../../core/usage/periods.ts';
import { METER_NAMES } from '../../core/usage/tally.ts';

const time = z.string().describe('In UTC: 2026-11, 2026-11-27 or 2026-11-27T18.');
const eachMeter = <Schema extends z.ZodType>(schema: Schema) =>
  Object.fromEntries(METER_NAMES.map((meter) => [meter, schema]));

export const usageQuerySchema = z.strictObject({
  tenant: z.string().optional().describe('Default: all tenants, those that were deleted too.'),
  from: time.optional().describe('Begin of the first period. Default: the current month.'),
  to: time.optional().describe('Begin of the first period that is left out. Default: the end of the current one.'),
  by: z.enum(PERIODS).optional().describe('Default: month.'),
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'expected a whole number')
    .transform(Number)
    .optional()
    .describe('How many rows a page has, at most 2000. Default: 1000.'),
  after: z.string().optional().describe('`next` of the page before.'),
});

const usageRow = z.object({
  tenant: z.string(),
  period: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  complete: z.boolean().describe('Whether the period is over, so that the row does not change any more.'),
  ...eachMeter(z.number()),
  meters: z.record(z.string(), z.number()).describe('The highest values that hooks of the tenant have measured.'),
  keys: z
    .object(eachMeter(z.string()))
    .catchall(z.string())
    .describe('An idempotency key for each meter: acme:requests:2026-11-27T18.'),
});

export const usageSchema = z.object({ usage: z.array(usageRow), next: z.string().nullable() });
