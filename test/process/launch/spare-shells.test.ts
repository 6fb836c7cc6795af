import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Fifos } from '../../../src/process/launch/fifos.ts';
import { SpareShells } from '../../../src/process/launch/spare-shells.ts';
import { makeDir } from '../support.ts';

const SOURCES = fileURLToPath(new URL('../../../src/process/launch', import.meta.url));
const NO_COVER = { stdio: [], close: () => {} };

async function makeShells() {
  const dir = join(makeDir(), 'output');
  const fifos = new Fifos(dir);
  const shells = new SpareShells(fifos, NO_COVER);
  onTestFinished(async () => {
    await shells.close();
    await fifos.close();
  });
  return { shells, dir };
}

/** Idle spare shells are this process's children that run a shell. */
function waiting(parent = process.pid): number[] {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1').split(' ').filter(Boolean);
  return children.map(Number).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1') === '/bin/sh\0');
}

async function made(shells: SpareShells): Promise<number> {
  shells.refillLater();
  const pids = await allMade(process.pid);
  return pids[0] ?? 0;
}

/** All spare shells, once each has its command line, which appears a moment after the spawn. */
async function allMade(parent: number): Promise<number[]> {
  await expect.poll(() => waiting(parent).length, { timeout: 20_000 }).toBe(4);
  return waiting(parent);
}

test('a spare shell runs its command, prints to the FIFOs of its instance, and reports its exit', async () => {
  const { shells } = await makeShells();
  const shell = await shells.take();
  const { stdout, stderr } = shell.output.assign('api:acme');
  const exit = once(shell.process, 'exit');
  shell.run('{ echo hello; echo oops >&2; kill -TERM $$\n}\n');
  expect(await exit).toEqual([null, 'SIGTERM']);
  expect([await text(stdout), await text(stderr)]).toEqual(['hello\n', 'oops\n']);
});

test('spare shells are started ahead, and each is used once', async () => {
  const { shells } = await makeShells();
  await made(shells);
  const spare = waiting();
  const taken = await Promise.all(Array.from({ length: 6 }, () => shells.take()));
  const pids = taken.map(({ pid }) => pid);
  expect(pids.slice(0, 4).sort()).toEqual(spare.sort());
  expect(new Set(pids).size).toBe(6);
  await Promise.all(taken.map((shell) => shell.discard()));
});

test('a spare shell that was killed meanwhile is not used', async () => {
  const { shells } = await makeShells();
  const first = await made(shells);
  process.kill(first, 'SIGKILL');
  await expect.poll(() => existsSync(`/proc/${first}`)).toBe(false);
  await delay(0);
  const shell = await shells.take();
  expect(shell.pid).not.toBe(first);
  await shell.discard();
});

test('a spare shell runs no incomplete command', async () => {
  const { shells, dir } = await makeShells();
  const shell = await shells.take();
  const exit = once(shell.process, 'exit');
  shell.run(`{ touch ${dir}/done\n`);
  await exit;
  expect(existsSync(join(dir, 'done'))).toBe(false);
});

test('closing ends unused spare shells, and leaves nothing of them', async () => {
  const { shells, dir } = await makeShells();
  await made(shells);
  await shells.close();
  expect(waiting()).toEqual([]);
  expect(readdirSync(dir).filter((name) => !name.startsWith('.spare-'))).toEqual([]);
});

test('closing ends a spare shell that is still starting (bug: it started afterwards)', async () => {
  const dir = join(makeDir(), 'output');
  const fifos = new Fifos(dir);
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let isMade = false;
  const slow = {
    create: async () => {
      begun.resolve();
      await goOn.promise;
      isMade = true;
      return fifos.create();
    },
  };
  const shells = new SpareShells(slow, NO_COVER);
  shells.refillLater();
  await begun.promise;
  const closed = shells.close();
  setImmediate(goOn.resolve);
  await closed;
  expect(isMade).toBe(true);
  expect(waiting()).toEqual([]);
  await fifos.close();
  expect(readdirSync(dir)).toEqual([]);
});

test('spare shells end when the server is killed', async () => {
  const server = await startServer();
  const pids = await allMade(server.pid);
  server.kill('SIGKILL');
  await expect.poll(() => pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
});

/** A process with spare shells of its own. */
async function startServer(): Promise<ChildProcess & { pid: number }> {
  const script = `
    import { Fifos } from ${JSON.stringify(join(SOURCES, 'fifos.ts'))};
    import { SpareShells } from ${JSON.stringify(join(SOURCES, 'spare-shells.ts'))};
    const shells = new SpareShells(new Fifos(${JSON.stringify(join(makeDir(), 'output'))}), { stdio: [], close: () => {} });
    shells.refillLater();
    setInterval(() => shells.spares.length === 4 && console.log('ready'), 10);`;
  const argv = ['--input-type=module', '--eval', script];
  const server = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void server.kill('SIGKILL'));
  await once(createInterface({ input: server.stdout }), 'line');
  return server as ChildProcess & { pid: number };
}
