/** The tables `[plan.NAME]`. */
import { z } from 'zod';
import { LIMITS, MAX_MIB } from '../../core/limits/limit-table.ts';
import { limitShape, variableName, variableValue } from '../../input-schemas.ts';
import { count, duration } from './values.ts';

const STRICTER = 'The stricter of this and the key of the service holds.';

/** TENANT_FEATURES separates features by commas. */
const feature = z.string().regex(/^[\x21-\x2b\x2d-\x7e]{1,100}$/, 'expected a word without spaces and commas');

export const planSchema = z.strictObject({
  ...limitShape((name) => LIMITS[name].key),
  idle_timeout: duration().optional().describe(`${STRICTER} 0: never.`),
  suspend_timeout: duration().optional().describe(`${STRICTER} 0: never.`),
  request_timeout: duration().optional().describe(`${STRICTER} 0: no limit.`),
  wake_queue: count(0).optional().describe(STRICTER),
  tmp_limit_mb: count(1).max(MAX_MIB).optional().describe(STRICTER),
  log_limit_mb: count(1).max(MAX_MIB).optional().describe(STRICTER),
  max_instances: count(1)
    .optional()
    .describe('Maximum number of services that a tenant may have. Default: any number.'),
  features: z
    .array(feature)
    .default([])
    .describe('What the application grants on this plan: `TENANT_FEATURES`, separated by commas.'),
  env: z
    .record(variableName, z.union([variableValue, z.number(), z.boolean()]))
    .default({})
    .describe('Environment variables, which override those of the service; values are templates.'),
});

export type PlanInput = z.output<typeof planSchema>;
