/**
 * Programs of the system that tenement runs: which package has each, what it is for, and whether tenement works without
 * it.
 */
import { TenementError } from '../../../errors.ts';
import { findProgram } from '../../launch/wrapper.ts';

interface SystemProgram {
  readonly name: string;
  /** Debian package. */
  readonly package: string;
  /** What fails, as the words after "without it". */
  readonly lack: string;
}

/**
 * Programs without which no instance can start. Programs for `isolation`, `user` and `storage_limit_mb` are checked
 * with those keys.
 */
const REQUIRED: readonly SystemProgram[] = [
  { name: 'sh', package: 'dash', lack: 'no instance can be started' },
  { name: 'mkfifo', package: 'coreutils', lack: 'no instance can be started, because its output could not be read' },
  {
    name: 'env',
    package: 'coreutils',
    lack: 'no program can be given a variable of the loader, such as LD_LIBRARY_PATH',
  },
  { name: 'rm', package: 'coreutils', lack: 'nothing that a tenant has made can be removed' },
];

/** Programs that tenement can do without. */
const USEFUL: readonly SystemProgram[] = [
  {
    name: 'ss',
    package: 'iproute2',
    lack: 'an instance stays awake while a front server keeps idle connections to it, and a request on one of those does not thaw it',
  },
];

/** Programs that `[backup]` needs. */
const FOR_BACKUPS: readonly SystemProgram[] = [
  { name: 'restic', package: 'restic', lack: 'no tenant is backed up, and none restored' },
];

/**
 * Returns the path of a program, independent of PATH. @throws {TenementError} `host_cannot`, which names its package
 */
export function requiredProgram(name: string): string {
  const found = findProgram(name);
  if (found !== null) return found;
  throw missing(
    REQUIRED.find((one) => one.name === name) ?? { name, package: name, lack: 'no instance can be started' },
  );
}

/** Checks all required programs. @throws {TenementError} `host_cannot`, which names the first that is missing */
export function assertPrograms(): void {
  for (const { name } of REQUIRED) requiredProgram(name);
}

/** Returns a sentence for each useful program that is missing. */
export function programWarnings(): string[] {
  return warningsFor(USEFUL);
}

/** Returns a sentence for each program that is missing for `[backup]`. */
export function backupProgramWarnings(): string[] {
  return warningsFor(FOR_BACKUPS);
}

function warningsFor(programs: readonly SystemProgram[]): string[] {
  return programs
    .filter(({ name }) => findProgram(name) === null)
    .map(({ name, package: by, lack }) => `${name} is not installed (apt-get install ${by}): ${lack}`);
}

function missing({ name, package: by, lack }: SystemProgram): TenementError {
  return new TenementError('host_cannot', `${name} is not installed: without it ${lack}`, {
    hint: `Install it: apt-get install ${by}`,
  });
}
