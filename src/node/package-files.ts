/**
 * Files of this package that are no modules of the program that uses it: threads, programs of their own, hooks. In a
 * bundle they are not beside this code, so they are looked for where the package is installed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { TenementError } from '../errors.ts';

/** A bundle of CommonJS has no `import.meta`. */
const HERE: string = import.meta.url ?? pathToFileURL(__filename).href;
const OWN_FILE = fileURLToPath(HERE);
const NAME = 'tenement';

let found: string | null | undefined;

/** Returns the directory of the package; null: it is bundled, and not installed. */
function packageDir(): string | null {
  found ??= around(OWN_FILE) ?? installed();
  return found;
}

/**
 * Returns the path of a compiled file, such as `usage/expiry-thread`.
 * @throws {TenementError} `host_cannot` when the package is bundled, and not installed
 */
export function codeFile(path: string): string {
  const dir = neededDir();
  const isSource = OWN_FILE.startsWith(join(dir, 'src/'));
  return join(dir, isSource ? 'src' : 'dist', `${path}${isSource ? '.ts' : '.js'}`);
}

/** Returns the path of a file of the package; null: it has none such. */
export function packageFile(path: string): string | null {
  const dir = packageDir();
  const file = dir === null ? null : join(dir, path);
  return file !== null && existsSync(file) ? file : null;
}

/** Loads a dependency when it is needed, at once. @throws {TenementError} `host_cannot`, as `codeFile` */
export function requireLater(name: string): unknown {
  return createRequire(join(neededDir(), 'package.json'))(name);
}

/** Returns where a dependency is. @throws {TenementError} `host_cannot`, as `codeFile` */
export function resolveDependency(name: string): string {
  return createRequire(join(neededDir(), 'package.json')).resolve(name);
}

function neededDir(): string {
  const dir = packageDir();
  if (dir !== null) return dir;
  throw new TenementError(
    'host_cannot',
    `this program has tenement in a bundle, and its other files are not installed`,
    {
      hint: 'Install the package beside the bundle, too: `npm install tenement`.',
    },
  );
}

/** Returns the directory of the package that has a file; null: it is another package's. */
function around(file: string): string | null {
  for (let dir = dirname(file); ; dir = dirname(dir)) {
    const manifest = join(dir, 'package.json');
    if (existsSync(manifest)) return nameIn(manifest) === NAME ? dir : null;
    if (dir === dirname(dir)) return null;
  }
}

function nameIn(manifest: string): unknown {
  try {
    return JSON.parse(readFileSync(manifest, 'utf8')).name;
  } catch {
    return null;
  }
}

function installed(): string | null {
  try {
    return around(createRequire(HERE).resolve(NAME));
  } catch {
    return null;
  }
}
