/** The table `[backup]`. */
import { z } from 'zod';
import { variableName } from '../../input-schemas.ts';
import { count, text } from './values.ts';

const kept = (what: string) => count(1).optional().describe(`How many ${what} have their last backup kept.`);

const keepSchema = z
  .strictObject({
    last: count(1).optional().describe('How many of the newest backups are kept.'),
    hourly: kept('hours'),
    daily: kept('days'),
    weekly: kept('weeks'),
    monthly: kept('months'),
    yearly: kept('years'),
  })
  .refine(
    (keep) => Object.keys(keep).length > 0,
    'nothing would be kept; name at least one number, such as { daily = 7 }',
  );

/** What `restic snapshots --host` takes without quotes. */
const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

export const backupSchema = z.strictObject({
  repository: text().describe(
    'The restic repository: a directory, relative to the config, or a location such as "sftp:backup@host:/srv/tenement" or "s3:https://s3.example.com/bucket". It is made by the first backup.',
  ),
  password_file: text().describe(
    'File with the password of the repository. Only its owner and group may read it. Without this password no backup can be read.',
  ),
  name: z
    .string()
    .regex(NAME, 'expected a name of 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-"')
    .optional()
    .describe(
      'What tells the backups of this server apart from those of others in the same repository. Default: the name of the machine.',
    ),
  schedule: text()
    .optional()
    .describe(
      'When all tenants are backed up, as in cron: `"0 3 * * *"`, or with seconds first. Default: only when `tenement backup` is run.',
    ),
  timezone: text()
    .optional()
    .describe('Time zone of `schedule`, such as "Europe/Berlin". Default: that of the machine.'),
  keep: keepSchema
    .optional()
    .describe(
      'How many backups of each tenant are kept: `{ daily = 7, weekly = 4, monthly = 12 }`. The others are deleted after a backup of all tenants. Default: all are kept.',
    ),
  inherit_env: z
    .array(variableName)
    .default([])
    .describe('Variables of the server that restic gets, such as "AWS_ACCESS_KEY_ID".'),
});

export type BackupInput = z.output<typeof backupSchema>;
