/** Programs that use the package as it is published: compiled, required, bundled. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { directoryOfTest, FIXTURES, shared, temporaryDirectory } from '../support.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const TOML = `[service.app]\ncommand = "node ${FIXTURES}/tenant.mjs"\nhealth = "/health"\n`;

/** The package with its compiled code, beside its dependencies. */
const packageDir = shared(async () => {
  const dir = join(temporaryDirectory(), 'node_modules/tenement');
  mkdirSync(dir, { recursive: true });
  for (const name of ['package.json', 'node_modules']) symlinkSync(join(ROOT, name), join(dir, name));
  run(process.execPath, [TSC, '-p', 'tsconfig.build.json', '--outDir', join(dir, 'dist')], ROOT);
  return dir;
});

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', env: { ...process.env } });
  expect(status, `${stdout}${stderr}`).toBe(0);
  return stdout + stderr;
}

/** A directory with a program and the package. */
function projectOf(files: Readonly<Record<string, string>>): string {
  const dir = directoryOfTest();
  mkdirSync(join(dir, 'node_modules/@types'), { recursive: true });
  symlinkSync(packageDir(), join(dir, 'node_modules/tenement'));
  for (const name of ['@types/node', 'undici-types'])
    symlinkSync(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const TYPED = `
import { Hypervisor, type HypervisorEvent, TenementError } from 'tenement';
export async function pidsOf(file: string): Promise<(number | null)[]> {
  await using hypervisor = await Hypervisor.load(file);
  hypervisor.events.on('ready', (event) => event.data.pid?.toFixed());
  hypervisor.events.on('exec', ({ data }) => data.program.trim());
  // @ts-expect-error another type of event has no program
  hypervisor.events.on('ready', ({ data }) => data.program);
  for await (const event of hypervisor.events.follow({ type: ['removed', 'changed'] })) {
    if (event.type === 'removed') return [Number(event.data.purged)];
    event.data.fields.join();
  }
  return hypervisor.list({ state: 'ready' }).map(({ pid }) => pid);
}
export const code = (error: unknown) => (error instanceof TenementError ? error.code : null);
export const kinds = (event: HypervisorEvent) => (event.type === 'expired' ? event.data.expiredAt : event.message);
`;

it.each([
  ['node16', 'node16', 'module'],
  ['nodenext', 'nodenext', 'module'],
  ['esnext', 'bundler', 'module'],
  // A program of CommonJS loads the package by require(esm).
  ['nodenext', 'nodenext', 'commonjs'],
])('types resolve with module %s and moduleResolution %s in a package of type %s', (module, resolution, type) => {
  const dir = projectOf({ 'package.json': JSON.stringify({ type }), 'main.ts': TYPED });
  const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2024', '--types', 'node'];
  const lib = ['--lib', 'es2024,esnext.disposable'];
  run(process.execPath, [TSC, '--noEmit', '--strict', ...options, ...lib, 'main.ts'], dir);
});

it('a program of CommonJS requires the package', () => {
  const dir = projectOf({ 'main.cjs': "console.log(Object.keys(require('tenement')).join());" });
  expect(run(process.execPath, ['main.cjs'], dir)).toBe('Hypervisor,TenementError\n');
});

const PROGRAM = `
import { createServer, get } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { Hypervisor } from 'tenement';
async function main() {
  const hypervisor = await Hypervisor.temporary({ toml: ${JSON.stringify(TOML)} });
  await hypervisor.spawn('app', 'acme', { orThrow: true });
  const handler = hypervisor.handler();
  const server = createServer(handler.request).on('upgrade', handler.upgrade).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const options = { port: server.address().port, agent: false, headers: { host: 'acme.localhost' } };
  const [answer] = await once(get(options), 'response');
  const { tenant } = JSON.parse(await text(answer));
  server.close();
  await hypervisor.close();
  console.log(tenant + ' answered');
}
main();
`;
/** Packages of CommonJS in a bundle of ES modules need a require. */
const REQUIRE =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

it.each([
  ['esm', 'out.mjs', REQUIRE],
  ['cjs', 'out.cjs', ''],
] as const)(
  'a bundle of format %s loads a config, spawns, answers and closes where nothing is installed',
  async (format, name, banner) => {
    const dir = projectOf({ 'main.mjs': PROGRAM });
    const outfile = join(directoryOfTest(), name);
    await build({
      entryPoints: [join(dir, 'main.mjs')],
      bundle: true,
      platform: 'node',
      target: 'node24',
      format,
      outfile,
      banner: { js: banner },
      logOverride: { 'empty-import-meta': 'silent' },
      logLevel: 'error',
    });
    expect(run(process.execPath, [outfile], '/')).toBe('acme answered\n');
  },
);

it('every export has a docstring, and TypeDoc has no warnings', () => {
  run(process.execPath, [join(ROOT, 'node_modules/typedoc/bin/typedoc'), '--emit', 'none'], ROOT);
});
