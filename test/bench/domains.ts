/**
 * Domains of tenants' own: requests/s and processor time of the proxy with one and with 100,000, of which one, a thousand or
 * all are asked, in turns; then what a real server and its workers need for them, and how long it takes to add one.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/registry/database.ts';
import { createTenantStore } from '../../src/registry/tenants.ts';
import { medianAndP90, quantile, timed } from './figures.ts';
import { startPinned, withDomains } from './proxies.ts';
import { appConf, FIRST_PORT, LOAD_CORE, measure, type Result } from './proxy.ts';
import { BenchServer } from './server.ts';

const MANY = 100_000;
const ROUNDS = 7;
const ADDED = 50;
/** Domains that there are, and how many of them are asked: each other head costs the proxy more than the same one again. */
const CASES = [
  [1, 1],
  [MANY, 1],
  [1000, 1000],
  [MANY, 1000],
  [MANY, MANY],
] as const;

export async function bench(): Promise<void> {
  if (spawnSync('wrk', ['-v']).error) throw new Error('apt-get install wrk nginx-light first');
  await benchLookup();
  console.log('\na server with 2 workers');
  console.log('domains      ready after ms   server MB   each worker MB   adding one, ms (p90)');
  const few = await benchServer(1);
  const many = await benchServer(MANY);
  const more = (figure: (server: Figures) => number) => (figure(many) - figure(few)).toFixed(1);
  console.log(
    `${MANY} domains more: server ${more(({ serverMb }) => serverMb)} MB, each worker ${more(({ workerMb }) => workerMb)} MB`,
  );
}

async function benchLookup(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const app = await startPinned(LOAD_CORE, ['nginx', '-c', appConf(dir)], FIRST_PORT);
  const results = CASES.map((): Result[] => []);
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, [count, asked]] of CASES.entries()) {
        const one = { name: '', path: '/', connections: 32, domains: asked };
        results[index]?.push(await measure(withDomains(count), one, dir, FIRST_PORT + 1 + index));
      }
    }
  } finally {
    app.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
  console.log('18 bytes, 32 connections');
  console.log('domains      asked        requests/s   of one   CPU us/request   errors');
  const median = (index: number, figure: (result: Result) => number) =>
    quantile((results[index] ?? []).map(figure), 0.5);
  const rate = (index: number) => median(index, ({ perSecond }) => perSecond);
  for (const [index, [count, asked]] of CASES.entries()) {
    const row = [
      String(count).padEnd(13),
      String(asked).padEnd(13),
      rate(index).toFixed(0).padEnd(13),
      (rate(index) / rate(0)).toFixed(2).padEnd(9),
      median(index, ({ cpuUs }) => cpuUs)
        .toFixed(1)
        .padEnd(17),
      Math.max(...(results[index] ?? []).map(({ errors }) => errors)),
    ];
    console.log(row.join(''));
  }
}

interface Figures {
  readonly serverMb: number;
  readonly workerMb: number;
}

async function benchServer(count: number): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  try {
    const config = join(dir, 'tenement.toml');
    writeFileSync(
      config,
      '[settings]\ndata_dir = "./data"\n[proxy]\nworkers = 2\n[service.app]\ncommand = "sleep 1000"\n[instances]\napp = { ids = ["t0"], start = false }\n',
    );
    await (await BenchServer.start(config)).end();
    fill(join(dir, 'data/.tenement/tenement.db'), count);
    const server = await BenchServer.start(config);
    const serverMb = server.residentMb();
    const workerMb = quantile(workersOf(server.pid).map(residentMb), 0.5);
    const times: number[] = [];
    for (let index = 0; index < ADDED; index += 1) {
      const body = { tenant: 't0', domain: `added${index}.example` };
      times.push(await timed(() => server.api('POST', '/api/domains', body)));
    }
    await server.end();
    const row = [
      String(count).padEnd(13),
      server.readyMs.toFixed(0).padEnd(17),
      serverMb.toFixed(1).padEnd(12),
      workerMb.toFixed(1).padEnd(17),
      medianAndP90(times),
    ];
    console.log(row.join(''));
    return { serverMb, workerMb };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function fill(file: string, count: number): void {
  const database = openDatabase(file);
  const domain = { tenantId: 't0', service: 'app', addedAtMs: Date.now(), verification: null };
  const putDomains = Array.from({ length: count }, (_, index) => ({
    ...domain,
    host: `shop.customer${index}.example`,
  }));
  createTenantStore(database).commit({ tenantId: 't0', putDomains });
  database.close();
}

function workersOf(pid: number): number[] {
  return execFileSync('pgrep', ['-P', String(pid), '-f', 'proxy worker'], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
    .map(Number);
}

function residentMb(pid: number): number {
  const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kb) / 1024;
}
