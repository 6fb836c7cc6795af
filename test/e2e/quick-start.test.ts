/** The README's quick start, line by line, in an empty directory. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { serveFile, type TestServer, temporaryDirectory } from './support.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const needed = ['python3', 'curl'].filter((name) => spawnSync(name, ['--version']).status !== 0);
const skipped = process.env['CI'] !== 'true' && needed.length > 0;
const PATIENCE_MS = 60_000;

function quickStart() {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, section = ''] = /^## Your application\n(.*?)^## /ms.exec(readme) ?? [];
  const blocks = [...section.matchAll(/^```\w+\n(# (\S+)\n.*?)^```/gms)];
  return {
    files: blocks.map(([, text = '', name = '']) => ({ name, text })),
    lines: section.match(/^ {4}.*$/gm)?.filter((line) => !blocks.some(([block]) => block.includes(line))) ?? [],
  };
}

/** The link that the first line describes. */
function linkedCommand(dir: string): string {
  const binDir = join(dir, 'linked');
  mkdirSync(binDir);
  symlinkSync(join(ROOT, 'node_modules/.bin/tenement'), join(binDir, 'tenement'));
  return binDir;
}

/** The ports are the server's own, since the default ones may be in use. */
function run(line: string, { dir, proxyPort, apiPort }: TestServer, binDir: string): string {
  const command = line.replace(':8080', `:${proxyPort}`).replace(':8000', `:${apiPort}`);
  const env = { ...process.env, PATH: `${binDir}:${process.env['PATH']}`, XDG_RUNTIME_DIR: dir, TENEMENT_CONFIG: '' };
  const options = { cwd: dir, env, encoding: 'utf8', timeout: PATIENCE_MS } as const;
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command.replace(/^ *curl /, 'curl -sS -f ')], options);
  expect([line, status, status === 0 ? '' : stderr]).toEqual([line, 0, '']);
  return stdout;
}

it.skipIf(skipped)(`the quick start runs unchanged (needs ${needed.join(', ') || 'nothing more'})`, async () => {
  const { files, lines } = quickStart();
  expect(files.map(({ name }) => name)).toEqual(['app.py', 'tenement.toml']);
  const [serve, ...others] = lines;
  expect(serve?.trim()).toBe('tenement serve');
  const dir = temporaryDirectory();
  for (const { name, text } of files) writeFileSync(join(dir, name), text);
  const server = await serveFile(join(dir, 'tenement.toml'), dir);
  const binDir = linkedCommand(dir);
  const said = others.map((line) => run(line, server, binDir));
  expect(said[0]).toMatch(/^api:acme ready\n/);
  expect(JSON.parse(said[1] ?? '')).toMatchObject({ instance: 'api:globex', state: 'ready' });
  expect(said[2]).toBe('Hello, acme\n');
  expect(said[3]).toMatch(/api:acme .*ready.*api:globex .*ready/s);
});
