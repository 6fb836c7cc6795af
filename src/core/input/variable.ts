/** Environment variables of a service or a tenant. Pure. */

/** Names that a shell accepts, too (POSIX.1-2017, 8.1). */
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
export const VARIABLE_NAME_EXPECTED = 'expected the name of an environment variable';
export const VARIABLE_VALUE_EXPECTED = 'expected text without NUL';

/** Whether a variable can have this value: NUL would end it. */
export function isVariableValue(text: string): boolean {
  return !text.includes('\0');
}
