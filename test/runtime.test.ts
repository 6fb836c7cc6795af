import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runtimeProblem } from '../src/runtime.ts';
import { tempDir } from './api/running.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

test.each([
  [{ node: '20.20.2' }, 'node_too_old', 'Node 20.20.2 is too old, Node 24 or later is needed'],
  [{ node: '23.11.1' }, 'node_too_old', 'Node 23.11.1 is too old, Node 24 or later is needed'],
  [
    { node: '24.3.0', bun: '1.4.5' },
    'unsupported_runtime',
    /^Bun 1\.4\.5 .*output is lost; Node 24 or later is needed$/,
  ],
  [{ node: '24.11.0', deno: '2.9.6' }, 'unsupported_runtime', /^Deno 2\.9\.6 .*no instance starts; Node 24 or later/],
])('%j is refused', (versions, code, message) => {
  expect(runtimeProblem(versions)).toEqual({ code, message: expect.stringMatching(message) });
});

test.each([{ node: '24.0.0' }, { node: process.versions.node }])('%j is accepted', (versions) => {
  expect(runtimeProblem(versions)).toBeNull();
});

test('the package, its program and its library need the same Node', () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const needed = runtimeProblem({ node: '1.0.0' })?.message.match(/Node (\d+) or later/)?.[1];
  expect(engines.node).toBe(`>=${needed}`);
  expect(readFileSync(join(ROOT, 'bin/tenement.js'), 'utf8')).toContain(`const NEEDED = ${needed};`);
});

/** An old Node on this machine. */
function findOldNode(): string | null {
  const dirs = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
  return (
    dirs
      .map((dir) => join(dir, 'node'))
      .find((file) => {
        const major = Number(/^v(\d+)/.exec(spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1]);
        return major >= 20 && major < 24;
      }) ?? null
  );
}

/** The sources as JavaScript, as in the package. */
function builtPackage(): string {
  const dir = tempDir();
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  for (const file of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const code = stripTypeScriptTypes(readFileSync(join(ROOT, 'src', file), 'utf8'));
    const to = join(dir, 'dist', file.replace(/ts$/, 'js'));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, code.replaceAll(/(from |import |import\()'(\..*)\.ts'/g, "$1'$2.js'"));
  }
  return join(dir, 'dist/index.js');
}

const OLD_NODE = findOldNode();

test.skipIf(OLD_NODE === null)(
  'the library says what it needs under a real old Node (bug: ERR_UNKNOWN_BUILTIN_MODULE); skipped without a Node 20 or 22',
  () => {
    const entry = builtPackage();
    const say = '({ code, message }) => console.log(JSON.stringify([code, message]))';
    for (const load of [`import('${entry}')`, `Promise.resolve().then(() => require('${entry}'))`]) {
      const { stdout } = spawnSync(OLD_NODE ?? '', ['-e', `${load}.catch(${say})`], { encoding: 'utf8' });
      const message = expect.stringMatching(/^Node 2\d\.[\d.]+ is too old, Node 24 or later is needed$/);
      expect(JSON.parse(stdout)).toEqual(['node_too_old', message]);
    }
    const { loaded } = JSON.parse(
      spawnSync(
        process.execPath,
        ['-e', `import('${entry}').then((all) => console.log(JSON.stringify({ loaded: Object.keys(all) })))`],
        {
          encoding: 'utf8',
        },
      ).stdout,
    );
    expect(loaded).toEqual(['Hypervisor', 'TenementError']);
  },
);
