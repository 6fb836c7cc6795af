/** The programs that work on tenants' files, and what they need of this installation. */
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TenementError } from '../errors.ts';
import { closedToOthers } from '../process/isolation/dynamic-user.ts';
import type { Owner } from '../process/storage/directories.ts';
import type { CaptureTask, MakeTask } from './child/protocol.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKAGE = join(HERE, '../..');
/** `.ts` in the checkout, `.js` when it is installed. */
const EXTENSION = extname(import.meta.url);
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
  const file = join(HERE, 'child', `${name}${EXTENSION}`);
  const libraries = dirname(dirname(createRequire(import.meta.url).resolve('tar-stream')));
  const readable = [process.execPath, dirname(HERE), join(PACKAGE, 'package.json'), libraries];
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
