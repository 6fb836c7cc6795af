/** docs/embedding.md: each block of code is compiled against the package's types, and run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { compile, packageOfFile, projectOf, runNode } from '../e2e/consumer-project.ts';
import { FIXTURES } from '../e2e/support.ts';
import { ASK, PROGRAMS, programOfCalls, programOfFastify } from './embedding-programs.ts';

const PAGE = 'docs/embedding.md';
const CONFIG = `
[settings]
data_dir = "./data"
[service.api]
command = "node ${FIXTURES}/tenant.mjs"
health = "/health"
restart = "never"
[plan.pro]
`;
const page = readFileSync(fileURLToPath(new URL(`../../${PAGE}`, import.meta.url)), 'utf8');
const packageDir = packageOfFile();

/** The blocks of code, each with the heading that it is under. */
function blocksOf(markdown: string): { readonly heading: string; readonly code: string }[] {
  return markdown.split(/^#+ /m).flatMap((section) => {
    const heading = section.split('\n', 1)[0] ?? '';
    return Array.from(section.matchAll(/^```js\n(.*?)^```/gms), ([, code = '']) => ({ heading, code }));
  });
}

/** A program of TypeScript with the page's code, compiled and run; returns the lines that it prints. */
function linesOf(program: string): string[] {
  const files = { 'main.mts': program, 'ask.mts': ASK, 'tenement.toml': CONFIG, 'package.json': '{"type":"module"}' };
  const dir = projectOf(packageDir(), files, ['pino', 'fastify']);
  const module = ['--module', 'nodenext', '--target', 'esnext', '--types', 'node'];
  compile(['--noEmit', '--strict', '--skipLibCheck', '--allowImportingTsExtensions', ...module, 'main.mts'], dir);
  const printed = runNode([join(dir, 'main.mts')], dir, { XDG_RUNTIME_DIR: dir });
  return printed.split('\n').filter((line) => line !== '');
}

const blocks = blocksOf(page);

it(`${PAGE}: a program is made of every block of code`, () => {
  expect(blocks.map(({ heading }) => heading)).toEqual(PROGRAMS.map(({ heading }) => heading));
});

it.each(PROGRAMS)(`${PAGE}: the code under "$heading" compiles, and does what the page says`, (program) => {
  const code = blocks.find(({ heading }) => heading === program.heading)?.code ?? '';
  // A port that is free.
  const onFreePort = code.replace('listen(8080)', 'listen(0)');
  expect(linesOf(`${program.before}${onFreePort}${program.after}`)).toEqual(program.prints);
});

it(`${PAGE}: each call that the table shows with its arguments does what it says`, () => {
  const calls = Array.from(page.matchAll(/^\| `(\w+\([^`]*\))` \|/gm), ([, call = '']) => call);
  expect(calls).toHaveLength(3);
  expect(linesOf(programOfCalls(calls))).toEqual(['ready 4096 pro', 'closed']);
});

it(`${PAGE}: the hook for Fastify forwards requests for tenants, and leaves the others to the application`, () => {
  const [, statement = ''] = /^\| Fastify \| `([^`]+)`/m.exec(page) ?? [];
  expect(linesOf(programOfFastify(statement))).toEqual(['acme', 'none', 'closed']);
});
