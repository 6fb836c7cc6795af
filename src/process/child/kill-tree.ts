/** Sends SIGKILL to a process and its descendants with tree-kill, for systems without /proc. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import treeKill from 'tree-kill';
import { isExecutable } from '../../node/executable.ts';

/** Program that tree-kill runs to list descendants. */
const LISTER = process.platform === 'darwin' ? 'pgrep' : 'ps';

/**
 * Settles when every process that the lister names has been signalled. Does nothing where /proc exists, since Members
 * does the same, or without the lister. When the lister cannot be started, as beside a fork bomb, tree-kill raises an
 * error that nobody can catch.
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
