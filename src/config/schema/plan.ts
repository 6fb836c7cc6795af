/** The tables `[plan.NAME]`. */
import { z } from 'zod';
import { LIMITS, MAX_MIB } from '../../core/limits/limit-table.ts';
import { COUNTER_NAME, COUNTER_NAME_MEANING } from '../../core/plans/counters.ts';
import { parseQuota, type QuotaMeter } from '../../core/quota/quota.ts';
import { parseRate } from '../../core/quota/rate.ts';
import { limitShape, variableName } from '../../input-schemas.ts';
import { count, duration, parsedText, variable } from './values.ts';

const STRICTER = 'The stricter of this and the key of the service holds.';

/** TENANT_FEATURES separates features by commas. */
const feature = z.string().regex(/^[\x21-\x2b\x2d-\x7e]{1,100}$/, 'expected a word without spaces and commas');

const quota = (meter: QuotaMeter, meaning: string) =>
  parsedText((text) => parseQuota(meter, text))
    .optional()
    .describe(`${meaning} Default: no limit.`);

const quotaSchema = z.strictObject({
  requests: quota('requests', 'Requests, such as "10000/month".'),
  cpu: quota('cpu', 'Processor time of its processes, such as "1h/month".'),
  awake: quota('awake', 'Time that its processes run, such as "50h/month".'),
  egress: quota('egress', 'Bytes of its responses, such as "10GB/month".'),
});

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
  rate: parsedText(parseRate)
    .optional()
    .describe(
      'Requests of a tenant over time, such as "20/s burst 40"; without `burst`, as many as one unit of time has. More get 429. Default: no limit.',
    ),
  max_connections: count(1)
    .optional()
    .describe(
      'Requests and streams of a tenant that are open at once through the proxy. More get 429. Default: no limit.',
    ),
  quota: quotaSchema
    .prefault({})
    .describe('What a tenant may use in each `hour`, `day` or `month` (UTC): `requests`, `cpu`, `awake`, `egress`.'),
  over_quota: z
    .enum(['refuse', 'warn'])
    .default('refuse')
    .describe(
      'What happens to a tenant over a quota. "refuse": its requests get 429 until the period ends or its plan changes. "warn": only an event.',
    ),
  quota_grace: duration().default('0').describe('How long a tenant over a quota is still served.'),
  features: z
    .array(feature)
    .default([])
    .describe('What the application grants on this plan: `TENANT_FEATURES`, separated by commas.'),
  counters: z
    .record(
      z.string().regex(COUNTER_NAME, `expected the name of a counter: ${COUNTER_NAME_MEANING}`),
      z.union([count(0), z.literal('unlimited')], 'expected a whole number, or "unlimited"'),
    )
    .default({})
    .describe('Limits of what the application counts: `users = 3`; see docs/self-api.md.'),
  env: z
    .record(variableName, variable())
    .default({})
    .describe('Environment variables, which override those of the service; values are templates.'),
});

export type PlanInput = z.output<typeof planSchema>;
