/** Programs on the file system. */
import { accessSync, constants, statSync } from 'node:fs';

/** Whether it is a file that this process may execute. Directories, which may be entered, are none. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
