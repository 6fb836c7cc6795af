/** Every key of tenement.toml: its type, default and meaning. The docs and the editors' schema derive from this. */
import { z } from 'zod';
import { apiSchema } from './schema/api.ts';
import { backupSchema } from './schema/backup.ts';
import { notifySchema } from './schema/notify.ts';
import { planSchema } from './schema/plan.ts';
import { proxySchema } from './schema/proxy.ts';
import { routingSchema } from './schema/routing.ts';
import { serviceSchema } from './schema/service.ts';
import { settingsSchema } from './schema/settings.ts';
import { telemetrySchema } from './schema/telemetry.ts';
import { tenantsSchema } from './schema/tenants.ts';
import { tlsSchema } from './schema/tls.ts';
import { label } from './schema/values.ts';

/** Each has up to four connections, which the division of open files does not know. */
const MAX_RECEIVERS = 16;

export const configSchema = z.strictObject({
  settings: settingsSchema.prefault({}).describe('The server.'),
  proxy: proxySchema.prefault({}).describe('The built-in proxy.'),
  tls: tlsSchema
    .optional()
    .describe('TLS in the built-in proxy; see docs/tls.md. Without this table the proxy speaks plain HTTP.'),
  api: apiSchema.prefault({}).describe('The HTTP API.'),
  service: z.record(label(), serviceSchema).describe('One table per service: `[service.NAME]`.'),
  instances: z
    .record(
      z.string(),
      z.union(
        [z.array(label()), z.strictObject({ ids: z.array(label()), start: z.boolean().default(true) })],
        'expected a list of ids, or { ids = ["acme"], start = false }',
      ),
    )
    .default({})
    .describe(
      'Service = list of ids that are registered and started with the server. With `{ ids = ["acme"], start = false }` they are only registered.',
    ),
  routing: routingSchema.prefault({}).describe('How a request names its tenant.'),
  tenants: tenantsSchema.prefault({}).describe('Tenants.'),
  plan: z
    .record(label(), planSchema)
    .default({})
    .describe('One table per plan: `[plan.NAME]`. What a tenant on it may use; see docs/plans.md.'),
  notify: z
    .array(notifySchema)
    .max(MAX_RECEIVERS, {
      error: ({ input }) => `expected at most ${MAX_RECEIVERS} tables, but this is ${(input as unknown[]).length}`,
    })
    .default([])
    .describe('Receivers of notifications: one table for each; see docs/notifications.md.'),
  telemetry: telemetrySchema
    .optional()
    .describe(
      'OpenTelemetry; see docs/telemetry.md. Without this table requests are not traced, and nothing of it is loaded.',
    ),
  backup: backupSchema
    .optional()
    .describe('Backups of tenants by restic; see docs/backups.md. Without this table there are none.'),
});

export type ConfigInput = z.output<typeof configSchema>;
