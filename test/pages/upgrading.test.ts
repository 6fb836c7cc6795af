/** docs/upgrading.md: an application is upgraded by the page's commands while it is asked. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { serveFile, temporaryDirectory } from '../e2e/support.ts';
import { writePageFile } from './page-files.ts';
import { PageShell, stepsOf } from './page-shell.ts';

const PAGE = 'docs/upgrading.md';
const PATIENCE_MS = 60_000;
const app = (version: string) => `
import { createServer } from 'node:http';
createServer((request, response) => response.end('${version}')).listen(process.env.SOCKET_PATH);
process.once('SIGTERM', () => process.exit());
`;

it('docs/upgrading.md: each command does what the page says, and no request fails', {
  timeout: 3 * PATIENCE_MS,
}, async () => {
  const dir = temporaryDirectory();
  for (const version of ['1.0.0', '1.1.0']) {
    mkdirSync(join(dir, version));
    writeFileSync(join(dir, version, 'app.js'), app(version));
    writeFileSync(join(dir, version, 'package.json'), '{"type":"module"}');
  }
  const config = writePageFile(PAGE, 'tenement.toml', dir);
  const text = readFileSync(config, 'utf8')
    .replace('/srv/app', dir)
    .replace('"node app.js"', `"${process.execPath} app.js"`);
  writeFileSync(config, text);
  const server = await serveFile(config, dir);
  for (const id of ['acme', 'globex']) expect((await server.cli('spawn', 'app', '--id', id)).status).toBe(0);

  let isOver = false;
  const answers: { status: number; body: string }[] = [];
  const asking = (async () => {
    while (!isOver) answers.push(await server.get('acme.localhost'));
  })();
  const shell = new PageShell(server, { 'tenement.toml': config });
  const [edit, ...steps] = stepsOf(PAGE);
  expect(edit?.command).toContain('sed');
  expect(steps.length).toBeGreaterThan(4);
  expect((await server.get('globex.localhost')).body).toBe('1.0.0');
  await shell.expect(edit ?? { command: '', output: '' });
  for (const step of steps) await shell.expect(step);
  for (const id of ['acme', 'globex'])
    await expect.poll(async () => (await server.get(`${id}.localhost`)).body, { timeout: PATIENCE_MS }).toBe('1.1.0');
  isOver = true;
  await asking;
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['1.0.0', '1.1.0']));
});
