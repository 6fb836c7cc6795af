/** The modules that the program needs when it runs, without what only their developers need. */
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

export interface Module {
  /** Relative to the checkout: `node_modules/ajv/node_modules/fast-uri`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** By its SPDX identifier. */
  readonly license: string;
}

interface LockedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
}

/** Types, source maps, sources in other languages, and prebuilt code for other runtimes. */
const UNUSED_FILE = /^\.|\.([cm]?ts|map|md|markdown|bare|c|h|cc|gyp|sh|yml|yaml|txt|html)$/i;
/** Their text is in the package's copyright file. */
const LICENSE_FILE = /^(licen[cs]e|copying|notice)([.-](md|txt|mit|apache[-.\d]*))?$/i;
/** Directly in a module; deeper down, such a name may belong to the program. */
const UNUSED_DIRECTORY = new Set([
  'test',
  'tests',
  'docs',
  'doc',
  'example',
  'examples',
  'benchmark',
  'benchmarks',
  'bench',
  'integration',
]);

/** Lists them from package-lock.json, which says of each whether only development needs it. */
export function productionModules(checkout: string): Module[] {
  const { packages } = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { name, version = '', license = 'unknown' }]) => ({
      path,
      name: name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      license,
    }));
}

export function copyModule(checkout: string, { path }: Module, to: string): void {
  const from = join(checkout, path);
  cpSync(from, join(to, path), { recursive: true, filter: (file) => isUsed(relative(from, file)) });
}

function isUsed(path: string): boolean {
  // Modules within a module are listed on their own.
  if (path === 'node_modules' || UNUSED_DIRECTORY.has(path)) return false;
  return path === '' || !(UNUSED_FILE.test(basename(path)) || LICENSE_FILE.test(basename(path)));
}

/** Returns the texts of the module's licence and notices. */
export function licenseTexts(checkout: string, { path }: Module): string[] {
  const names = readdirSync(join(checkout, path)).filter((name) => LICENSE_FILE.test(name));
  return names.sort().map((name) => readFileSync(join(checkout, path, name), 'utf8').trim());
}
