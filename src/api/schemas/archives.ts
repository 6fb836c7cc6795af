/** Schemas of requests and responses about archives. */
import { z } from 'zod';
import type { TypedAnswer } from './instances.ts';
import { tenantSchema } from './tenants.ts';

export const ARCHIVE_TYPE = 'application/zstd';

const still = z
  .boolean()
  .optional()
  .describe('true: the processes end first, and requests are held until the directory is copied. Default false.');
const start = z.boolean().optional().describe('false: register without starting. Default true.');

const exportOptions = z.strictObject({
  still,
  passphrase: z.string().min(1).optional().describe('With it, secrets are in the archive, under this passphrase.'),
});

export const exportBody = exportOptions.nullish();

const decimal = z.string().regex(/^\d{1,20}$/);

/** The file is named by the process that has it open. */
export const exportIntoBody = exportOptions.extend({
  file: z.strictObject({
    pid: z.int().positive(),
    descriptor: z.int().nonnegative(),
    device: decimal,
    inode: decimal,
  }),
});

export const cloneBody = z.strictObject({
  id: z.string().describe('The id of the new tenant.'),
  still,
  start,
});

export const importQuery = z.strictObject({
  service: z
    .union([z.string(), z.array(z.string())])
    .transform((text) => [text].flat())
    .optional()
    .describe('Services to register it with; may be repeated. Default: those of the archive.'),
  start: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .describe('false: register without starting. Default true.'),
});

export const archiveAnswer: TypedAnswer = {
  description: 'tar in Zstandard. The trailer Tenement-Report says in JSON what is in it, and what it lacks.',
  content: { [ARCHIVE_TYPE]: { schema: z.string() } },
};

export const newFromCopySchema = tenantSchema.extend({
  notes: z.array(z.string()).describe('What it lacks, a sentence each.'),
});
