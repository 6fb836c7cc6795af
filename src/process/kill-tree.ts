/** SIGKILL to a process and its descendants, by tree-kill. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import treeKill from 'tree-kill';

/** What tree-kill asks for the descendants. */
const LISTER = process.platform === 'darwin' ? 'pgrep' : 'ps';

/**
 * Settles when all that the lister names has been signalled. Does nothing without the lister: tree-kill
 * would raise an error that nobody can catch, and slim images have no `ps`. The caller kills what /proc
 * and the group tell as well.
 */
export function killTree(pid: number): Promise<void> {
  if (!isOnPath(LISTER)) return Promise.resolve();
  return new Promise((resolve) => {
    treeKill(pid, 'SIGKILL', () => resolve());
  });
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((dir) => isExecutable(join(dir, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
