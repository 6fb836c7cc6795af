/** docs/moving.md: a customer of an ordinary process moves to tenement and back, by the page's commands. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { serveFile, temporaryDirectory } from '../e2e/support.ts';
import { send } from '../e2e/test-server.ts';
import { freePort } from '../ports.ts';
import { writePageFile } from './page-files.ts';
import { PageShell, type Step, stepsOf } from './page-shell.ts';

const PAGE = 'docs/moving.md';
const NOTES = fileURLToPath(new URL('../../examples/notes', import.meta.url));
const PATIENCE_MS = 60_000;
const withoutRsync = process.env['CI'] !== 'true' && spawnSync('rsync', ['--version']).status !== 0;

/** Starts the application as a process manager does: one process, with a port and a directory. */
async function oldProcess(dataDir: string): Promise<{ readonly process: ChildProcess; readonly port: number }> {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), DATA_DIR: dataDir };
  const child = spawn(process.execPath, ['app.js'], { cwd: NOTES, env, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await expect
    .poll(
      () =>
        send(port, '/health', {}).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: PATIENCE_MS },
    )
    .toBe(200);
  return { process: child, port };
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

const note = (text: string) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ text }),
});

it.skipIf(withoutRsync)(
  'docs/moving.md: a customer moves with its data, and back',
  { timeout: 3 * PATIENCE_MS },
  async () => {
    const dir = temporaryDirectory();
    const old = join(dir, 'old');
    for (const id of ['acme', 'globex']) mkdirSync(join(old, id), { recursive: true });
    writeFileSync(join(dir, 'customers.txt'), 'acme\nglobex\n');
    const before = await oldProcess(join(old, 'acme'));
    expect((await send(before.port, '/api/notes', note('from the old days'))).status).toBe(201);

    const config = writePageFile(PAGE, 'tenement.toml', dir);
    writeFileSync(config, readFileSync(config, 'utf8').replace('node /srv/app', `${process.execPath} ${NOTES}`));
    const server = await serveFile(config, dir);
    const shell = new PageShell(server, {
      '/srv/old': old,
      '/var/lib/tenement': server.dataDir,
      'customers.txt': join(dir, 'customers.txt'),
    });
    const run = async (steps: readonly Step[]) => {
      for (const step of steps) await shell.expect(step);
    };
    const steps = stepsOf(PAGE);
    const named = (part: string) => steps.findIndex(({ command }) => command.includes(part));
    const [secondCopy, stop, loop] = [named('--delete /srv/old'), named('tenement stop'), named('while read')];

    await run(steps.slice(0, secondCopy));
    await end(before.process);
    await run(steps.slice(secondCopy, stop));
    const notes = async () => (await server.get('acme.example.com', '/api/notes')).body;
    expect(await notes()).toContain('from the old days');
    await server.get('acme.example.com', '/api/notes', note('from tenement'));

    await run(steps.slice(stop, loop));
    const back = await oldProcess(join(old, 'acme'));
    expect((await send(back.port, '/api/notes', {})).body).toContain('from tenement');
    await end(back.process);

    await run(steps.slice(loop));
    expect(existsSync(join(server.dataDir, 'globex'))).toBe(true);
    await server.cli('start', 'app:acme');
    expect((await server.get('globex.example.com', '/health')).status).toBe(200);
    expect(await notes()).toContain('from tenement');
  },
);
