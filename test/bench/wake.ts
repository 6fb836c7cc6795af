/**
 * What a wake adds to a bare start. In turn, so that the machine's drift meets both: the application
 * started by hand, from spawn to its first 200 on its socket (watched for, never polled slowly), and the
 * same application asleep behind the proxy, from request to 200.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, watch } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { ServiceConfig } from '../../src/core/service.ts';
import { fillTemplate } from '../../src/core/template.ts';
import { Hypervisor } from '../../src/hypervisor.ts';
import { silentLogger } from '../../src/logger.ts';
import { closeInherited } from '../../src/process/descriptors.ts';
import { createProxy } from '../../src/proxy/server.ts';

const ROUNDS = 21;
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const APPS = [
  { label: 'notes (Node)', example: 'notes' },
  { label: 'Flask under gunicorn', example: 'flask' },
];

export async function bench(): Promise<void> {
  closeInherited();
  console.log(`wake against bare start, ms, median (p90) of ${ROUNDS}, interleaved`);
  console.log('app                     bare start        wake through proxy  ratio');
  for (const app of APPS) await benchApp(app.label, join(EXAMPLES, app.example, 'tenement.toml'));
}

async function benchApp(label: string, configFile: string): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const hypervisor = await Hypervisor.load(configFile, { dataDir: join(dir, 'data') });
  const [service] = hypervisor.config.services.values();
  if (service === undefined) throw new Error('no service');
  const name = `${service.name}:bench`;
  const proxy = createProxy({
    source: hypervisor.internals.supervisor,
    table: () => ({ domains: ['*'], defaultService: service.name, services: new Set(), aliases: new Map() }),
    trustedProxies: () => [],
    logger: silentLogger(),
  });
  const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const spawned = await hypervisor.spawn(service.name, 'bench');
  if (spawned.state !== 'ready') throw new Error(`${name} is ${spawned.state}: ${spawned.reason}`);
  const bare: number[] = [];
  const woken: number[] = [];
  for (let round = -2; round < ROUNDS; round += 1) {
    await hypervisor.sleep(name);
    const wakeMs = await timed(() => get({ host: '127.0.0.1', port }, 'bench.localhost'));
    await hypervisor.sleep(name);
    const bareMs = await bareStart(service, join(dir, 'bare'));
    if (round < 0) continue;
    bare.push(bareMs);
    woken.push(wakeMs);
  }
  await proxy.close(0);
  await hypervisor.close();
  rmSync(dir, { recursive: true, force: true });
  const ratio = (quantile(woken, 0.5) / quantile(bare, 0.5)).toFixed(2);
  console.log(`${label.padEnd(24)}${shown(bare).padEnd(18)}${shown(woken).padEnd(20)}${ratio}`);
}

async function bareStart(service: ServiceConfig, dir: string): Promise<number> {
  mkdirSync(dir, { recursive: true });
  rmSync(join(dir, 's'), { force: true });
  const socket = join(dir, 's');
  const values = { id: 'bench', socket, data_dir: dir, tenant_dir: dir, service: service.name, runtime_dir: dir };
  const [file = '', ...args] = service.command.map((word) => fillTemplate(word, values));
  const env = {
    PATH: process.env['PATH'],
    HOME: dir,
    TENANT_ID: 'bench',
    DATA_DIR: dir,
    SOCKET_PATH: socket,
    DATABASE_PATH: join(dir, 'app.db'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const startedAt = performance.now();
  const child = spawn(file, args, { cwd: service.workdir, env, stdio: 'ignore', detached: true });
  await appeared(socket, dir);
  await get({ socketPath: socket }, 'bench.localhost');
  const ms = performance.now() - startedAt;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-(child.pid ?? 0), 'SIGTERM');
  await gone;
  return ms;
}

function appeared(socket: string, dir: string): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!existsSync(socket)) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(dir, look);
    look();
  });
}

/** GET /; a refused connection (bound, not yet listening) is tried again at once, any other trouble ends the run. */
function get(where: { socketPath: string } | { host: string; port: number }, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const attempt = () => {
      const asked = request({ ...where, path: '/', headers: { host }, agent: false }, async (response) => {
        const body = await text(response);
        if (response.statusCode === 200) resolve();
        else reject(new Error(`GET / answered ${response.statusCode}: ${body}`));
      });
      asked.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') setImmediate(attempt);
        else reject(error);
      });
      asked.end();
    };
    attempt();
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function shown(values: readonly number[]): string {
  return `${quantile(values, 0.5).toFixed(1)} (${quantile(values, 0.9).toFixed(1)})`;
}
