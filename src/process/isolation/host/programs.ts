/** The system's programs that tenement itself runs: who brings each, what for, and whether there is anything without it. */
import { TenementError } from '../../../errors.ts';
import { findProgram } from '../../launch/wrapper.ts';

interface SystemProgram {
  readonly name: string;
  /** Of Debian. */
  readonly package: string;
  /** What it is needed for, after "without it". */
  readonly lack: string;
}

/** Nothing can be started without them. `isolation`, `user` and `storage_limit_mb` are checked where they are asked for. */
const REQUIRED: readonly SystemProgram[] = [
  { name: 'sh', package: 'dash', lack: 'nothing can be started' },
  { name: 'mkfifo', package: 'coreutils', lack: 'nothing can be started, since nobody could read what it prints' },
  { name: 'env', package: 'coreutils', lack: 'nothing can be given a variable of the loader, such as LD_LIBRARY_PATH' },
  { name: 'rm', package: 'coreutils', lack: 'nothing that a tenant has made can be removed' },
];

/** What they do is a nicety. */
const USEFUL: readonly SystemProgram[] = [
  {
    name: 'ss',
    package: 'iproute2',
    lack: 'an instance stays awake while a front server keeps idle connections to it, and a request on one of those does not thaw it',
  },
];

/** Where it lies, wherever PATH leads. @throws {TenementError} `host_cannot` that names what brings it */
export function requiredProgram(name: string): string {
  const found = findProgram(name);
  if (found !== null) return found;
  throw missing(REQUIRED.find((one) => one.name === name) ?? { name, package: name, lack: 'nothing can be started' });
}

/** @throws {TenementError} `host_cannot` that names the first which is not there */
export function assertPrograms(): void {
  for (const { name } of REQUIRED) requiredProgram(name);
}

/** A sentence for each that would be of use. */
export function programWarnings(): string[] {
  return USEFUL.filter(({ name }) => findProgram(name) === null).map(
    ({ name, package: by, lack }) => `${name} is not installed (apt-get install ${by}): ${lack}`,
  );
}

function missing({ name, package: by, lack }: SystemProgram): TenementError {
  return new TenementError('host_cannot', `${name} is not installed: without it ${lack}`, {
    hint: `Install it: apt-get install ${by}`,
  });
}
