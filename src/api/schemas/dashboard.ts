/** Schemas of what the dashboard reads. */
import { z } from 'zod';
import { instanceSchema, type TypedAnswer } from './instances.ts';
import { tenantSchema } from './tenants.ts';

const instanceRow = instanceSchema.pick({
  instance: true,
  state: true,
  reason: true,
  memoryBytes: true,
  memoryLimitBytes: true,
  cpuSeconds: true,
  requests: true,
  inFlight: true,
  restarts: true,
  startedAt: true,
  lastActivityAt: true,
  retryAt: true,
});

const tenantRow = tenantSchema
  .pick({
    id: true,
    state: true,
    reason: true,
    plan: true,
    expiresAt: true,
    labels: true,
    storageBytes: true,
    requestsThisMonth: true,
  })
  .extend({ domains: z.int().min(0).describe('How many it has.') });

export const dashboardListSchema = z.object({
  cursor: z.string().describe('Changes are those after this.'),
  tenants: z.array(tenantRow),
  instances: z.array(instanceRow),
});

export const changesQuery = z.strictObject({
  after: z.string().optional().describe('A cursor. Default: now.'),
});

export const changesAnswer: TypedAnswer = {
  description:
    'Each event: {"instances":[ROW…],"tenants":[ROW…],"removedInstances":[…],"removedTenants":[…],"events":[…]}, without ' +
    'what is empty. Rows are complete. {"reset":true}: changes are missing, and the list has to be read again.',
  content: { 'text/event-stream': { schema: z.string() }, 'application/x-ndjson': { schema: z.string() } },
};
