/** What restic says when it fails, as errors for a person. */
import { hostname } from 'node:os';
import { type BackupConfig, shownRepository } from '../core/backup/backup-config.ts';
import { TenementError } from '../errors.ts';

/** Owner of a lock on a repository. */
export interface LockOwner {
  readonly pid: number;
  readonly host: string;
}

/** The repository is in use by another restic, or was by one that was killed. */
export class RepositoryLocked extends TenementError {
  readonly owner: LockOwner;

  constructor(owner: LockOwner, repository: string) {
    super('repository_failed', `the repository ${repository} is locked by process ${owner.pid} on ${owner.host}`, {
      hint: 'Another restic is at work on it. If that machine is gone, run `restic unlock` there or with its repository.',
    });
    this.owner = owner;
  }
}

/** There is no repository where the config says. */
export class RepositoryMissing extends TenementError {
  constructor(repository: string) {
    super('repository_failed', `there is no repository at ${repository}`, {
      hint: 'It was there before, so none is made: is its disk mounted, its server up? For a new one, move its old path away and name another.',
    });
  }
}

const MAX_SHOWN_CHARACTERS = 300;
const CONTROL = /\p{Cc}+/gu;
const LOCKED = /locked (?:exclusively )?by PID (\d+) on (\S+) by/;
/** What backends say of a file that is not there: directories, sftp, S3, REST servers. */
const NOT_THERE =
  /unable to open config file: .*(no such file or directory|not exist|does not exist|not found|unexpected HTTP response \(404\))/i;

type Told = readonly [pattern: RegExp, message: (config: BackupConfig) => string, hint: string];

const KNOWN: readonly Told[] = [
  [
    /wrong password or no key found/,
    ({ passwordFile, repository }) =>
      `the password in ${passwordFile} does not open the repository ${shownRepository(repository)}`,
    'Put the password in the file with which the repository was made. Without it, nothing in it can be read.',
  ],
  [
    /no space left on device|disk quota exceeded/i,
    ({ repository }) => `there is no space left at the repository ${shownRepository(repository)}`,
    'Free space there, or keep fewer backups: `keep` in [backup].',
  ],
  [
    /Resolving password failed|password file/i,
    ({ passwordFile }) => `the password file ${passwordFile} cannot be read`,
    'Put it back; only its owner and group may read it.',
  ],
  [
    /permission denied|access denied/i,
    ({ repository }) => `the server may not read or write the repository ${shownRepository(repository)}`,
    'Check its owner and mode, or the rights of its account.',
  ],
];

/** @param errors what restic wrote to stderr */
export function resticFailure(errors: string, config: BackupConfig): TenementError {
  const repository = shownRepository(config.repository);
  const locked = LOCKED.exec(errors);
  if (locked !== null) return new RepositoryLocked({ pid: Number(locked[1]), host: locked[2] ?? '' }, repository);
  if (NOT_THERE.test(errors)) return new RepositoryMissing(repository);
  const known = KNOWN.find(([pattern]) => pattern.test(errors));
  if (known !== undefined) return new TenementError('repository_failed', known[1](config), { hint: known[2] });
  return new TenementError('repository_failed', `the repository ${repository} cannot be used: ${reasonOf(errors)}`);
}

export function resticMissing(): TenementError {
  return new TenementError('repository_failed', 'restic is not installed: without it no tenant is backed up', {
    hint: 'Install it: apt-get install restic',
  });
}

/** Whether a lock is of a process of this machine that has ended. restic(1) takes such a lock for stale, too. */
export function isStale({ pid, host }: LockOwner): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function reasonOf(errors: string): string {
  const lines = errors
    .split('\n')
    .map((line) => shownRepository(line).replace(CONTROL, ' ').trim())
    .filter((line) => line !== '');
  const fatal = lines.find((line) => line.startsWith('Fatal: '))?.slice('Fatal: '.length);
  return (fatal ?? lines.at(-1) ?? 'restic was ended').slice(0, MAX_SHOWN_CHARACTERS);
}
