/** SIGKILL to a process and its descendants, by tree-kill, where /proc does not tell them. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import treeKill from 'tree-kill';

/** What tree-kill asks for the descendants. */
const LISTER = process.platform === 'darwin' ? 'pgrep' : 'ps';

/**
 * Settles when all that the lister names has been signalled. Does nothing where /proc tells as much, nor without the
 * lister: tree-kill raises an error that nobody can catch when it cannot start one, as beside a fork bomb.
 */
export function killTree(pid: number): Promise<void> {
  if (existsSync('/proc/self/stat') || !isOnPath(LISTER)) return Promise.resolve();
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
