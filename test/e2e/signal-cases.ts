/** The effect of signals, and of readers that disconnect, on a server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { tenement } from './command.ts';
import { MAIN } from './follower.ts';
import { endLeftovers, processesIn, removeCgroups } from './leftovers.ts';
import { isRunning, readProc, serve, type TestServer, temporaryDirectory, writeConfig } from './support.ts';

/** No time-out may end the server in these tests: each takes a minute. */
const STUBBORN = `[service.app]
command = "node {fixtures}/stubborn.mjs"
stop_timeout = 60
drain_timeout = 60
`;
const SOON_MS = 15_000;

const withWorkers = (workers: number) => `[proxy]\nworkers = ${workers}\n`;

/** The server's processes, during a request in flight. */
async function busy(server: TestServer, id = 'acme'): Promise<number[]> {
  const pids: number[] = JSON.parse((await server.get(`${id}.localhost`)).body);
  server.get(`${id}.localhost`, '/hang').catch(() => {});
  await expect.poll(async () => (await server.instance(`app:${id}`)).inFlight).toBe(1);
  return pids;
}

/** Lists sockets and FIFOs below a directory. */
function nodesIn(dir: string): string[] {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name));
  return files.filter((file) => {
    const stat = lstatSync(file, { throwIfNoEntry: false });
    return stat?.isSocket() === true || stat?.isFIFO() === true;
  });
}

function workersOf(pid: number): number[] {
  const children = readProc(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.filter((child) => readProc(`/proc/${child}/cmdline`).includes('proxy worker'));
}

/** Longer than the delay of a signal that npm repeats. */
const AGAIN_MS = 100;

/** Sends the signal, and again once the server has begun to end. Returns the exit status. */
async function endImpatiently(server: TestServer, signal: NodeJS.Signals): Promise<number | null> {
  const status = server.stop(signal);
  await expect.poll(() => server.stderr).toContain('"msg":"ending"');
  await delay(AGAIN_MS);
  process.kill(server.pid, signal);
  return status;
}

/** The cases of a server with so many proxy workers. */
export function signalCases(workers: number): void {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'a second %s kills what is left, then the server ends (bug: it ended at once, and left tenants, sockets and FIFOs)',
    async (signal) => {
      const server = await serve(`${STUBBORN}[instances]\napp = ["acme", "idle"]\n${withWorkers(workers)}`);
      await server.get('idle.localhost');
      const pids = await busy(server);
      const startedAtMs = performance.now();
      expect(await endImpatiently(server, signal)).toBe(0);
      expect(performance.now() - startedAtMs).toBeLessThan(SOON_MS);
      expect(pids.map(isRunning)).toEqual([false, false]);
      expect(processesIn(server.dataDir)).toEqual([]);
      expect(nodesIn(server.dir)).toEqual([]);
    },
  );

  it('SIGQUIT ends the server without waiting for anything', async () => {
    const server = await serve(`${STUBBORN}${withWorkers(workers)}[instances]\napp = ["acme"]\n`);
    const pids = await busy(server);
    expect(await server.stop('SIGQUIT')).toBe(0);
    expect(pids.map(isRunning)).toEqual([false, false]);
    expect(nodesIn(server.dir)).toEqual([]);
  });

  it('with on_exit = "keep" a second SIGTERM releases instances with requests in flight at once', async () => {
    const server = await serve(`on_exit = "keep"\n${STUBBORN}${withWorkers(workers)}[instances]\napp = ["acme"]\n`);
    const pids = await busy(server);
    expect(await endImpatiently(server, 'SIGTERM')).toBe(0);
    expect(pids.map(isRunning)).toEqual([true, true]);
    await server.start();
    expect(JSON.parse((await server.get('acme.localhost')).body)).toEqual(pids);
    expect(await server.stop('SIGQUIT')).toBe(0);
    expect(pids.map(isRunning)).toEqual([true, true]);
    await server.start();
    // SIGINT nevertheless ends them.
    expect(await endImpatiently(server, 'SIGINT')).toBe(0);
    expect(pids.map(isRunning)).toEqual([false, false]);
  });

  it('other signals do nothing (bug: some ended the server and left its tenants, SIGUSR1 opened a debugger)', async () => {
    const server = await serve(`${STUBBORN}${withWorkers(workers)}[instances]\napp = ["acme"]\n`);
    const before = workersOf(server.pid);
    expect(before).toHaveLength(workers === 1 ? 0 : workers);
    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGIO', 'SIGPIPE'] as const) {
      for (const pid of [server.pid, ...before]) process.kill(pid, signal);
    }
    // A terminal sends these signals to workers, too.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const) {
      for (const pid of before) process.kill(pid, signal);
    }
    // A debugger would open late; a request to each process takes longer.
    for (let times = 0; times < 10; times += 1) expect((await server.get('acme.localhost')).status).toBe(200);
    expect(workersOf(server.pid)).toEqual(before);
    expect(server.stderr).not.toContain('Debugger');
    expect(await server.stop('SIGQUIT')).toBe(0);
  });

  it('the server keeps serving when the reader of its output is gone (bug: `serve | true` ended it with status 0, tenants left)', async () => {
    const { dir, config, child, exited } = begin(`${STUBBORN}${withWorkers(workers)}[instances]\napp = ["acme"]\n`);
    child.stdout.destroy();
    child.stderr.destroy();
    const cli = (...args: string[]) => tenement([...args, '-c', config], { XDG_RUNTIME_DIR: dir });
    await expect.poll(async () => (await cli('ps')).status, { timeout: 50_000 }).toBe(0);
    // Each command makes the server write to its log.
    await cli('spawn', 'app', '--id', 'other');
    const { pid } = JSON.parse((await cli('status', 'app:other', '--json')).stdout);
    expect([child.exitCode, child.signalCode, isRunning(pid)]).toEqual([null, null, true]);
    child.kill('SIGQUIT');
    expect(await exited).toBe(0);
    expect(processesIn(join(dir, 'data'))).toEqual([]);
  });

  it('a signal to the whole group, as by Ctrl-C, ends the server in order, and a second one at once', async () => {
    const { dir, child, exited, printed, said } = begin(
      `${STUBBORN}${withWorkers(workers)}[instances]\napp = ["acme"]\n`,
    );
    await expect.poll(printed).toContain('ready');
    await expect.poll(said).toContain('"state":"ready"');
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await expect.poll(said).toContain('"msg":"ending"');
    await delay(AGAIN_MS);
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect(await exited).toBe(0);
    expect(processesIn(join(dir, 'data'))).toEqual([]);
  });

  it.each(['SIGTERM', 'SIGQUIT'] as const)('%s during the start ends the server in order, too', async (signal) => {
    const { dir, child, exited, printed } = begin(
      `${STUBBORN.replaceAll('60', '1')}${withWorkers(workers)}[instances]\napp = ["acme"]\n`,
    );
    await expect.poll(() => existsSync(join(dir, 'data/.tenement/server.pid')), { interval: 2 }).toBe(true);
    child.kill(signal);
    expect(await exited).toBe(0);
    expect(processesIn(join(dir, 'data'))).toEqual([]);
    expect(nodesIn(dir)).toEqual([]);
    expect(printed()).not.toContain('ready');
  });
}

/** Starts a server in a process group of its own, without waiting for anything. */
function begin(toml: string) {
  const dir = temporaryDirectory();
  const config = join(dir, 'tenement.toml');
  writeConfig(config, toml);
  const child = spawn(
    process.execPath,
    [MAIN, 'serve', '-c', config, '--proxy', '127.0.0.1:0', '--api', '127.0.0.1:0'],
    {
      env: { ...process.env, XDG_RUNTIME_DIR: dir },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  const [printed, said] = [child.stdout, child.stderr].map((stream) => {
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
    });
    return () => text;
  });
  const exited = once(child, 'exit').then(([status]) => status);
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
    await exited;
    endLeftovers(join(dir, 'data'));
    removeCgroups(join(dir, 'data/.tenement'));
    rmSync(dir, { recursive: true, force: true });
  });
  return { dir, config, child, exited, printed: printed ?? String, said: said ?? String };
}
