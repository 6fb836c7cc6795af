/** Programs that use the package as it is published, each in a directory of its own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { directoryOfTest, shared, temporaryDirectory } from './support.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** The package with its compiled code, beside its dependencies; for all tests of a file. */
export function packageOfFile(): () => string {
  return shared(async () => {
    const dir = join(temporaryDirectory(), 'node_modules/tenement');
    mkdirSync(dir, { recursive: true });
    for (const name of ['package.json', 'node_modules']) symlinkSync(join(ROOT, name), join(dir, name));
    compile(['-p', 'tsconfig.build.json', '--outDir', join(dir, 'dist')], ROOT);
    return dir;
  });
}

/** A directory with a program, the package, and others of its dependencies. */
export function projectOf(
  packageDir: string,
  files: Readonly<Record<string, string>>,
  packages: readonly string[] = [],
): string {
  const dir = directoryOfTest();
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(packageDir, join(dir, 'node_modules/tenement'));
  for (const name of ['@types/node', 'undici-types', ...packages]) {
    mkdirSync(dirname(join(dir, 'node_modules', name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name));
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

/** Runs TypeScript's compiler, and fails with what it finds. */
export function compile(args: readonly string[], cwd: string): void {
  runNode([TSC, ...args], cwd);
}

/** @returns what Node printed; fails when its status is not 0 */
export function runNode(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): string {
  const options = { cwd, encoding: 'utf8', env: { ...process.env, ...env }, timeout: 120_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  expect(status, `${stdout}${stderr}`).toBe(0);
  return stdout + stderr;
}
