/** What a secret may be called, and what its value may be. Pure. */
import { TenementError } from '../../errors.ts';
import { isSetLate, VARIABLE_NAME } from '../input/variable.ts';

const MAX_NAME_CHARS = 128;
export const MAX_SECRET_BYTES = 64 * 1024;

/**
 * Names that a secret cannot have, because it may become a variable. Those of tenement would be overwritten; the others
 * change which code a program loads.
 */
const RESERVED_NAMES = new Set([
  ...['PATH', 'HOME', 'TMPDIR', 'SECRETS_DIR', 'DATA_DIR', 'SOCKET_PATH', 'PORT', 'SERVICE_NAME'],
  ...['TENANT_ID', 'TENANT_PLAN', 'TENANT_FEATURES'],
  ...['BASH_ENV', 'ENV', 'IFS'],
  ...['NODE_OPTIONS', 'NODE_PATH', 'PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP', 'PERL5LIB', 'PERL5OPT'],
  ...['RUBYLIB', 'RUBYOPT', 'JAVA_TOOL_OPTIONS'],
]);
const RESERVED_PREFIX = 'TENEMENT_';

/** Returns what is wrong with the name of a secret; null: nothing. */
export function secretNameProblem(name: string): string | null {
  if (name.length > MAX_NAME_CHARS) return `the name of a secret has at most ${MAX_NAME_CHARS} characters`;
  if (!VARIABLE_NAME.test(name))
    return 'the name of a secret consists of letters, digits and _, and begins with no digit';
  const isReserved = RESERVED_NAMES.has(name) || name.startsWith(RESERVED_PREFIX) || isSetLate(name);
  return isReserved ? `the name ${name} is reserved, and cannot name a secret` : null;
}

/** Returns what is wrong with a value, without a part of it; null: nothing. */
export function secretValueProblem(value: string): string | null {
  if (value.includes('\0')) return 'the value contains NUL';
  if (!value.isWellFormed()) return 'the value is not valid Unicode';
  const bytes = new TextEncoder().encode(value).length;
  return bytes > MAX_SECRET_BYTES ? `the value has ${bytes} bytes, more than ${MAX_SECRET_BYTES}` : null;
}

/** @throws {TenementError} `bad_input` */
export function assertSecretName(name: string): void {
  const problem = secretNameProblem(name);
  // The text is not repeated, because it may be a value in the wrong place.
  if (problem !== null) throw new TenementError('bad_input', problem);
}

/** @throws {TenementError} `bad_input`, with the name and nothing of the value */
export function assertSecretValue(name: string, value: string): void {
  const problem = secretValueProblem(value);
  if (problem !== null) throw new TenementError('bad_input', `${name}: ${problem}`);
}
