/**
 * nginx straight on the sockets, by the configuration that `tenement front nginx` prints: against nginx on the same
 * application without tenement; and while the instance is put to sleep two hundred times.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadConfig } from '../../src/config/load.ts';
import { nginxConfig } from '../../src/front/nginx.ts';
import { quantile } from './figures.ts';
import { BenchServer } from './server.ts';
import { readWrk } from './wrk.ts';

const APP = fileURLToPath(new URL('./body-app.ts', import.meta.url));
const ROUNDS = 7;
const CYCLES = 200;
const FRONT_CORE = '0';
const LOAD_CORE = '1';
const FIRST_PORT = 28_300;
const CYCLE_SECONDS = 90;

export async function bench(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  chmodSync(dir, 0o755);
  const config = join(dir, 'tenement.toml');
  const command = `["taskset", "-c", "${LOAD_CORE}", "node", "${APP}"]`;
  const runtime = `[settings]\nruntime_dir = "${dir}/run"\n`;
  writeFileSync(config, `${runtime}[service.app]\ncommand = ${command}\nsocket_mode = "0666"\nidle_timeout = 0\n`);
  const server = await BenchServer.start(config);
  const children: ChildProcess[] = [];
  try {
    await server.api('POST', '/spawn/app/--id=t0');
    const text = nginxConfig(loadConfig(config), { listen: `127.0.0.1:${FIRST_PORT}`, include: false, user: null });
    mkdirSync(join(dir, 'bare'));
    children.push(bareApp(join(dir, 'bare/app-t0.sock')), nginx(dir, 'on-tenement', text));
    const bare = text.replaceAll(`${dir}/run`, `${dir}/bare`).replace(String(FIRST_PORT), String(FIRST_PORT + 1));
    children.push(nginx(dir, 'on-bare', bare));
    await delay(1000);
    compare();
    await sleepAndWake(server);
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await server.end();
    rmSync(dir, { recursive: true, force: true });
  }
}

function compare(): void {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    rates[0].push(wrk(FIRST_PORT, 3).perSecond);
    rates[1].push(wrk(FIRST_PORT + 1, 3).perSecond);
  }
  const [on, bare] = rates.map((all) => quantile(all, 0.5));
  console.log(`18 bytes from a Node application through nginx on its socket, 32 connections, median of ${ROUNDS}`);
  console.log(`with tenement      ${on?.toFixed(0)} requests/s`);
  console.log(`without tenement   ${bare?.toFixed(0)} requests/s`);
  console.log(`ratio              ${((on ?? 0) / (bare ?? 1)).toFixed(3)}`);
}

async function sleepAndWake(server: BenchServer): Promise<void> {
  const load = promisify(execFile)('taskset', wrkArgs(FIRST_PORT, CYCLE_SECONDS), { encoding: 'utf8' });
  let cycles = 0;
  const endsAtMs = performance.now() + (CYCLE_SECONDS - 5) * 1000;
  while (cycles < CYCLES && performance.now() < endsAtMs) {
    await server.api('POST', '/api/instances/app:t0/sleep');
    cycles += 1;
    // The load wakes the instance; half of the time the instance is put to sleep again before it is ready.
    await delay(cycles % 2 === 0 ? 100 : 300);
  }
  const { requests, errors } = readWrk((await load).stdout);
  const view = JSON.parse(await server.api('GET', '/api/instances/app:t0'));
  console.log(`\n${requests} requests through nginx, 32 at a time, while it was put to sleep ${cycles} times`);
  console.log(`failed ${errors}, woken ${view.wakes} times`);
}

function bareApp(socket: string): ChildProcess {
  const env = { ...process.env, SOCKET_PATH: socket };
  const child = spawn('taskset', ['-c', LOAD_CORE, process.execPath, APP], { env, stdio: 'ignore' });
  return child;
}

function nginx(dir: string, name: string, text: string): ChildProcess {
  const file = join(dir, `${name}.conf`);
  // nginx runs as one process as root, so that it may connect to the bare application's socket too.
  writeFileSync(file, text.replace('http {', 'http {\n    access_log off;'));
  const globals = `daemon off; master_process off; pid ${dir}/${name}.pid;`;
  return spawn('taskset', ['-c', FRONT_CORE, 'nginx', '-c', file, '-g', globals], { stdio: 'ignore' });
}

function wrk(port: number, seconds: number) {
  return readWrk(execFileSync('taskset', wrkArgs(port, seconds), { encoding: 'utf8' }));
}

function wrkArgs(port: number, seconds: number): string[] {
  const host = ['-H', 'Host: t0.localhost'];
  return ['-c', LOAD_CORE, 'wrk', '-t1', '-c32', `-d${seconds}s`, ...host, `http://127.0.0.1:${port}/`];
}
