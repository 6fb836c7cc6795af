/** Environment variables of a service or a tenant. Pure. */

/** Names that a shell accepts, too (POSIX.1-2017, 8.1). */
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
export const VARIABLE_NAME_EXPECTED = 'expected the name of an environment variable';
export const VARIABLE_VALUE_EXPECTED = 'expected text without NUL';

/**
 * Variables that make glibc or its loader load or read files (sysdeps/generic/unsecvars.h). Set too early, they would
 * run a tenant's code as the server's user.
 */
const LOADER =
  /^(LD_.*|GCONV_PATH|GETCONF_DIR|GLIBC_TUNABLES|HOSTALIASES|LOCALDOMAIN|LOCPATH|MALLOC_.*|NIS_PATH|NLSPATH|RESOLV_HOST_CONF|RES_OPTIONS|TZDIR)$/;

/** Variables of the shell itself, which refuses some values of them (UID in bash, OPTIND in dash). */
const SHELLS_OWN = /^(OPTIND|PPID|E?UID|BASHOPTS|SHELLOPTS)$/;

/** Whether a process gets the variable last, by env(1), on whose command line its value stands. */
export function isSetLate(name: string): boolean {
  return LOADER.test(name) || SHELLS_OWN.test(name);
}

/** Whether a variable can have this value: NUL would end it. */
export function isVariableValue(text: string): boolean {
  return !text.includes('\0');
}
