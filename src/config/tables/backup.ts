/** Turns the table `[backup]` into its config, and checks what its schema cannot. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type BackupConfig, isLocalRepository, type KeepPolicy } from '../../core/backup/backup-config.ts';
import { isWithin } from '../../core/service/paths.ts';
import type { Config } from '../../core/service/service.ts';
import { isTimezone, scheduleProblem } from '../../node/cron.ts';
import { readSecretFile } from '../../node/secret-file.ts';
import type { Problem } from '../problems/problems.ts';
import type { BackupInput } from '../schema/backup.ts';

/** @param dir directory of the config file */
export function backupOf(input: BackupInput | undefined, dir: string): BackupConfig | null {
  if (input === undefined) return null;
  const { repository, password_file, name, schedule, timezone, keep, inherit_env } = input;
  return {
    repository: isLocalRepository(repository) ? resolve(dir, repository) : repository,
    passwordFile: resolve(dir, password_file),
    name: name ?? hostname(),
    schedule: schedule === undefined ? null : { cron: schedule, timezone: timezone ?? null },
    keep: keep === undefined ? null : (keep as KeepPolicy),
    inheritEnv: inherit_env,
  };
}

export function backupProblems(input: BackupInput | undefined, { backup, settings }: Config): Problem[] {
  if (input === undefined || backup === null) return [];
  const problem = (key: string, message: string | null): Problem[] =>
    message === null ? [] : [{ path: ['backup', key], message }];
  const { timezone } = input;
  return [
    ...(isLocalRepository(backup.repository) && isWithin(backup.repository, settings.dataDir)
      ? problem('repository', `${backup.repository} would lie in data_dir, where each directory is a tenant's`)
      : []),
    ...(isWithin(backup.passwordFile, settings.dataDir)
      ? problem('password_file', `${backup.passwordFile} would lie in data_dir: keep it outside`)
      : []),
    ...(backup.schedule === null ? [] : problem('schedule', scheduleProblem(backup.schedule.cron))),
    ...(timezone === undefined || isTimezone(timezone)
      ? []
      : problem(
          'timezone',
          `expected the name of a time zone such as "Europe/Berlin", but this is ${JSON.stringify(timezone)}`,
        )),
    ...(timezone !== undefined && backup.schedule === null ? problem('timezone', 'there is no schedule') : []),
  ];
}

/** Reads the file with the password, which only a server needs. */
export function passwordProblems(backup: BackupConfig | null): Problem[] {
  if (backup === null) return [];
  const { passwordFile } = backup;
  const read = readSecretFile(passwordFile);
  const message = read.ok ? (read.text.trim() === '' ? 'it is empty' : null) : read.problem;
  return message === null ? [] : [{ path: ['backup', 'password_file'], message: `${passwordFile}: ${message}` }];
}

/** Says what is accepted and does less than it seems to. */
export function backupWarnings(input: BackupInput | undefined): string[] {
  if (input === undefined || input.schedule !== undefined) return [];
  return ['backup: there is no schedule, so tenants are backed up only when `tenement backup` is run'];
}
