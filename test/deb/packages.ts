/** Builds the packages that the tests install, once for all of them. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { buildDeb } from '../../scripts/deb/build.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const LIBRARY = 'usr/lib/tenement';

export interface Packages {
  /** Version 0.1.0, as it is built. */
  readonly first: string;
  /** Version 0.1.1: the same with another schema of the registry, without some files, and with another config. */
  readonly next: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    packages: Packages;
  }
}

export default async function provide(project: TestProject): Promise<() => void> {
  const dir = mkdtempSync(join(tmpdir(), 'tenement-debs-'));
  const { DEB } = process.env;
  const first = DEB ?? (await buildDeb({ checkout: CHECKOUT, out: dir, version: '0.1.0', compression: 'none' }));
  project.provide('packages', { first, next: nextOf(first, dir) });
  return () => rmSync(dir, { recursive: true });
}

/** Changes the files of a package rather than the source, which takes less time than another build. */
function nextOf(deb: string, dir: string): string {
  const tree = join(dir, 'next');
  execFileSync('dpkg-deb', ['--raw-extract', deb, tree]);
  const edit = (path: string, change: (text: string) => string) => {
    const file = join(tree, path);
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  };
  for (const path of ['DEBIAN/control', `${LIBRARY}/package.json`, `${LIBRARY}/dist/version.js`])
    edit(path, (text) => text.replace('0.1.0', '0.1.1'));
  edit(`${LIBRARY}/dist/registry/migrations.js`, withMigration);
  // A server of the first version that looks for them finds nothing where the second is unpacked.
  for (const path of ['tenant-copies.js', 'child'])
    rmSync(join(tree, LIBRARY, 'dist/archive', path), { recursive: true });
  appendFileSync(join(tree, 'etc/tenement/tenement.toml'), '# This line is new in version 0.1.1.\n');
  execFileSync('dpkg-deb', ['-Znone', '--root-owner-group', '--build', tree, dir]);
  rmSync(tree, { recursive: true });
  return join(dir, basename(deb).replace('0.1.0', '0.1.1'));
}

function withMigration(text: string): string {
  const end = text.lastIndexOf('];');
  return `${text.slice(0, end)} 'CREATE TABLE of_next_version (id INTEGER PRIMARY KEY) STRICT',\n${text.slice(end)}`;
}
