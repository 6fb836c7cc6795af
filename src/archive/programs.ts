/** The programs that work on tenants' files, and what they need of this installation. */
import { dirname, join } from 'node:path';
import { TenementError } from '../errors.ts';
import { codeFile, resolveDependency } from '../node/package-files.ts';
import { closedToOthers } from '../process/isolation/dynamic-user.ts';
import type { Owner } from '../process/storage/directories.ts';
import type { CaptureTask, MakeTask } from './child/protocol.ts';

const MAX_HEAP_MB = 256;

export interface Program {
  readonly words: readonly string[];
  readonly readable: readonly string[];
}

export function captureProgram(task: CaptureTask, owner: Owner | null): Program {
  return program('capture', task, owner);
}

export function makeProgram(task: MakeTask, owner: Owner | null): Program {
  return program('make', task, owner);
}

/** @throws {TenementError} `host_cannot` when the tenant's user may not read the program */
function program(name: string, task: object, owner: Owner | null): Program {
  const file = codeFile(`archive/child/${name}`);
  const code = dirname(dirname(dirname(file)));
  const libraries = dirname(dirname(resolveDependency('tar-stream')));
  const readable = [process.execPath, code, join(dirname(code), 'package.json'), libraries];
  if (owner !== null) assertReadable(readable, owner);
  const words = [process.execPath, `--max-old-space-size=${MAX_HEAP_MB}`, file, JSON.stringify(task)];
  return { words, readable };
}

function assertReadable(paths: readonly string[], { uid }: Owner): void {
  const closed = paths.map((path) => closedToOthers(dirname(path))).find((path) => path !== null);
  if (closed === undefined) return;
  throw new TenementError('host_cannot', `user ${uid} may not enter ${closed}, where tenement's programs or Node are`, {
    hint: 'Install tenement and Node where other users may read them, for example in /opt.',
  });
}
