/** tenement's own directory, `{data_dir}/.tenement`, private to the server's user. */
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { TenementError } from '../../errors.ts';

/** Makes the directory with mode 0700, or checks an existing one. @throws {TenementError} `state_failed` */
export function openStateDir(stateDir: string): void {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const stat = lstatSync(stateDir);
    if (!stat.isDirectory()) throw new Error('it is not a directory');
    if (stat.uid !== (process.getuid?.() ?? stat.uid)) throw new Error('it belongs to another user');
    if ((stat.mode & 0o077) !== 0) chmodSync(stateDir, 0o700);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TenementError('state_failed', `the state directory ${stateDir} cannot be used: ${why}`, { cause: error });
  }
}
