/**
 * nginx on the public sockets, by the configuration that `tenement front nginx` prints: on a direct one, on a proxied one,
 * and on the same application without tenement; and while the instance is put to sleep two hundred times, on each.
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
/** Services of the config, by their `public_socket`. */
const KINDS = ['direct', 'proxied'] as const;
type Kind = (typeof KINDS)[number];

const ROUNDS = 7;
const CYCLES = 200;
const FRONT_CORE = '0';
const LOAD_CORE = '1';
const FIRST_PORT = 28_300;
const CYCLE_SECONDS = 50;

export async function bench(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  chmodSync(dir, 0o755);
  const config = join(dir, 'tenement.toml');
  const command = `["taskset", "-c", "${LOAD_CORE}", "node", "${APP}"]`;
  const runtime = `[settings]\nruntime_dir = "${dir}/run"\n`;
  const keys = `command = ${command}\nsocket_mode = "0666"\nidle_timeout = 0\n`;
  const services = KINDS.map((kind) => `[service.${kind}]\n${keys}public_socket = "${kind}"\n`);
  writeFileSync(config, `${runtime}[proxy]\ndefault_service = "direct"\n${services.join('')}`);
  const server = await BenchServer.start(config);
  const children: ChildProcess[] = [];
  try {
    for (const kind of KINDS) await server.api('POST', `/spawn/${kind}/--id=t0`);
    const text = nginxConfig(loadConfig(config), { listen: `127.0.0.1:${FIRST_PORT}`, include: false, user: null });
    mkdirSync(join(dir, 'bare'));
    children.push(bareApp(join(dir, 'bare/direct-t0.sock')), nginx(dir, 'on-tenement', text));
    const bare = text.replaceAll(`${dir}/run`, `${dir}/bare`).replace(String(FIRST_PORT), String(FIRST_PORT + 1));
    children.push(nginx(dir, 'on-bare', bare));
    await delay(1000);
    compare(server);
    for (const kind of KINDS) await sleepAndWake(server, kind);
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await server.end();
    rmSync(dir, { recursive: true, force: true });
  }
}

function compare(server: BenchServer): void {
  const contenders = [
    ...KINDS.map((kind) => ({ name: `with tenement, ${kind}`, kind, port: FIRST_PORT })),
    { name: 'without tenement', kind: 'direct' as Kind, port: FIRST_PORT + 1 },
  ];
  const rates = contenders.map((): number[] => []);
  const costs = contenders.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [at, { kind, port }] of contenders.entries()) {
      const beforeMs = server.cpuMs();
      const { perSecond, requests } = wrk(port, kind, 3);
      rates[at]?.push(perSecond);
      costs[at]?.push(((server.cpuMs() - beforeMs) * 1000) / requests);
    }
  }
  const medians = rates.map((all) => quantile(all, 0.5));
  const bare = medians.at(-1) ?? 1;
  console.log(`18 bytes from a Node application through nginx on its socket, 32 connections, median of ${ROUNDS}`);
  for (const [at, { name }] of contenders.entries()) {
    const perSecond = medians[at] ?? 0;
    const ratio = (perSecond / bare).toFixed(3);
    const cost = quantile(costs[at] ?? [], 0.5).toFixed(0);
    console.log(
      `${name.padEnd(24)} ${perSecond.toFixed(0)} requests/s   ratio ${ratio}   ${cost} µs of the server each`,
    );
  }
}

async function sleepAndWake(server: BenchServer, kind: Kind): Promise<void> {
  const load = promisify(execFile)('taskset', wrkArgs(FIRST_PORT, kind, CYCLE_SECONDS), { encoding: 'utf8' });
  let cycles = 0;
  const endsAtMs = performance.now() + (CYCLE_SECONDS - 5) * 1000;
  while (cycles < CYCLES && performance.now() < endsAtMs) {
    await server.api('POST', `/api/instances/${kind}:t0/sleep`);
    cycles += 1;
    // The load wakes it; half of the time it is put to sleep again before it is ready.
    await delay(cycles % 2 === 0 ? 100 : 300);
  }
  const { requests, errors, timeouts } = readWrk((await load).stdout);
  const view = JSON.parse(await server.api('GET', `/api/instances/${kind}:t0`));
  console.log(`\n${kind}: ${requests} requests through nginx, 32 at a time, while it was put to sleep ${cycles} times`);
  console.log(`failed ${errors - timeouts}, slower than 2 s ${timeouts}, woken ${view.wakes} times`);
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

function wrk(port: number, kind: Kind, seconds: number) {
  return readWrk(execFileSync('taskset', wrkArgs(port, kind, seconds), { encoding: 'utf8' }));
}

function wrkArgs(port: number, kind: Kind, seconds: number): string[] {
  const host = ['-H', `Host: t0.${kind}.localhost`];
  return ['-c', LOAD_CORE, 'wrk', '-t1', '-c32', `-d${seconds}s`, ...host, `http://127.0.0.1:${port}/`];
}
