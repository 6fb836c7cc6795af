/** Schemas of requests and responses about backups. */
import { z } from 'zod';

const force = z.boolean().optional().describe('true: also read tenants that have not changed. Default false.');

export const backupBody = z.strictObject({ force }).nullish();

export const backupsBody = z
  .strictObject({
    tenants: z.array(z.string()).min(1).optional().describe('Default: all, and then old backups are deleted.'),
    force,
  })
  .nullish();

export const backupsQuery = z.object({ tenant: z.string().optional().describe('Only those of this tenant.') });

export const restoreBody = z
  .strictObject({
    at: z
      .string()
      .optional()
      .describe('The newest backup of this time or before: a time, or a duration back from now. Default: the newest.'),
    id: z.string().optional().describe('The tenant to make of it. Default: the tenant itself, put back as it was.'),
    from: z.string().optional().describe("Name of the server whose backup it is. Default: this server's."),
    start: z.boolean().optional().describe('false: register a new tenant without starting it. Default true.'),
  })
  .nullish();

const backupSchema = z.object({
  tenant: z.string(),
  id: z.string().describe('As restic takes it.'),
  at: z.string().describe('ISO 8601.'),
  server: z.string().describe('Name of the server that made it.'),
});

export const backupsSchema = z.object({ backups: z.array(backupSchema).describe('Oldest first.') });

const resultSchema = z.object({
  tenant: z.string(),
  outcome: z
    .enum(['saved', 'unchanged', 'failed'])
    .describe('unchanged: nothing was written since its last backup, so it was not read.'),
  id: z.string().nullable(),
  at: z.string().nullable().describe('When the backup was made that the tenant has now, ISO 8601.'),
  bytes: z.number().nullable(),
  addedBytes: z.number().nullable().describe('Those that the repository did not have yet.'),
  notes: z.array(z.string()).describe('What the backup lacks, or why it failed, a sentence each.'),
});

export const backupRunSchema = z.object({
  repository: z.string(),
  isNew: z.boolean().describe('Whether the repository was made for it.'),
  results: z.array(resultSchema),
  problem: z.string().nullable().describe('What kept it from its end, or from deleting old backups.'),
});

export const restoredSchema = z.object({
  from: backupSchema,
  files: z.number(),
  bytes: z.number(),
  keptAs: z.string().nullable().describe('Where the former directory is; null: the tenant is new.'),
  notes: z.array(z.string()).describe('What the tenant lacks, a sentence each.'),
});
