/** Programs on the file system. */
import { accessSync, constants, statSync } from 'node:fs';

/** Whether a path is a file that this process may execute. Directories do not count, although they may be entered. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
