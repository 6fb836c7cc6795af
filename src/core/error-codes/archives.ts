/** Archives and backups. */
import type { CodeEntry } from './code-entry.ts';

export const ARCHIVE_CODES = {
  bad_archive: {
    httpStatus: 422,
    exitStatus: 2,
    hint: 'Nothing of it was kept. `tenement export` makes archives that are accepted.',
  },
  bad_passphrase: {
    httpStatus: 422,
    exitStatus: 2,
    hint: 'Give the passphrase that the archive was made with, or none: its secrets are left out then.',
  },
  output_unreachable: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Export with `-o -`, and let the shell write the file.',
  },
  export_failed: {
    httpStatus: 500,
    exitStatus: 1,
    hint: 'The tenant is as it was. With --still, databases are copied while nobody writes.',
  },
  import_failed: {
    httpStatus: 500,
    exitStatus: 1,
    hint: 'Nothing of it was kept. Check that the data directory has free space, then try again.',
  },
  already_exists: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Give another id with --id, or remove what is there first: `tenement tenant rm ID --purge`.',
  },
  backups_off: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Add [backup] with repository and password_file to the config; see docs/backups.md.',
  },
  repository_failed: {
    httpStatus: 502,
    exitStatus: 1,
    hint: 'Nothing of a tenant has changed. Mend the repository, then run `tenement backup` again.',
  },
  unknown_backup: {
    httpStatus: 404,
    exitStatus: 1,
    hint: '`tenement backup ls ID` lists the backups of a tenant.',
  },
} as const satisfies Record<string, CodeEntry>;
