/** Programs that use the package as it is published: compiled, required, bundled. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { compile, packageOfFile, projectOf, runNode } from '../consumer-project.ts';
import { directoryOfTest, FIXTURES } from '../support.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const TOML = `[service.app]\ncommand = "node ${FIXTURES}/tenant.mjs"\nhealth = "/health"\n`;
const packageDir = packageOfFile();

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
  const dir = projectOf(packageDir(), { 'package.json': JSON.stringify({ type }), 'main.ts': TYPED });
  const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2024', '--types', 'node'];
  const lib = ['--lib', 'es2024,esnext.disposable'];
  compile(['--noEmit', '--strict', ...options, ...lib, 'main.ts'], dir);
});

it('a program of CommonJS requires the package', () => {
  const dir = projectOf(packageDir(), { 'main.cjs': "console.log(Object.keys(require('tenement')).join());" });
  expect(runNode(['main.cjs'], dir)).toBe('Hypervisor,TenementError\n');
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
/** The page's command: packages of CommonJS in a bundle of ES modules need a require. */
const [, REQUIRE = ''] = /--banner:js="([^"]+)"/.exec(readFileSync(join(ROOT, 'docs/embedding.md'), 'utf8')) ?? [];

it.each([
  ['esm', 'out.mjs', REQUIRE],
  ['cjs', 'out.cjs', ''],
] as const)(
  'a bundle of format %s loads a config, spawns, answers and closes where nothing is installed',
  async (format, name, banner) => {
    const dir = projectOf(packageDir(), { 'main.mjs': PROGRAM });
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
    expect(runNode([outfile], '/')).toBe('acme answered\n');
  },
);

it('every export has a docstring, and TypeDoc has no warnings', () => {
  runNode([join(ROOT, 'node_modules/typedoc/bin/typedoc'), '--emit', 'none'], ROOT);
});
