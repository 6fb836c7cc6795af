/** The table of all error codes, for docs/troubleshooting.md. */
import { ERROR_CODES } from '../src/errors.ts';

export function codesTable(): string {
  const rows = Object.entries(ERROR_CODES)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { httpStatus, exitStatus, hint }]) =>
        `| \`${code}\` | ${httpStatus} | ${exitStatus} | ${hint.replaceAll('|', '\\|')} |`,
    );
  return `${['| code | HTTP | exit | what to do |', '| --- | --- | --- | --- |', ...rows].join('\n')}\n`;
}
