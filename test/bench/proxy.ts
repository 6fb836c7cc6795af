/**
 * The proxy on one pinned core against others, one after the other, round by round: what they forward to (nginx
 * on Unix sockets, for uploads a small Node program) and the load (wrk) have the other core. The median of the
 * rounds is shown; ratios are to nginx, Caddy, http-proxy as it comes, configurable-http-proxy (CHP), and a bare relay,
 * which reads and writes and does nothing else: no proxy in Node can be faster. With another
 * checkout as the argument after the name it is compared with the proxy of that build alone, in turns.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantile } from './figures.ts';
import { nginxBase, nginxOf, otherBuild, PEERS, type Peer, startPinned, tenement } from './proxies.ts';
import { readWrk } from './wrk.ts';

const PROXY_CORE = 0;
export const LOAD_CORE = 1;
const SECONDS = 3;
const ROUNDS = 3;
/** For a comparison with another build, where a few per cent matter. */
const BUILD_ROUNDS = 9;
const TENANTS = 1000;
export const FIRST_PORT = 28_100;

export interface Case {
  readonly name: string;
  readonly path: string;
  readonly connections: number;
  /** Each request uploads 1 MB. */
  readonly upload?: boolean;
  readonly tenants?: number;
  /** So many domains of a tenant's own are asked, in no order; see `withDomains`. */
  readonly domains?: number;
  /** Each request has other header lines than the previous one. */
  readonly varies?: boolean;
}

export interface Result {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
  readonly errors: number;
}

const CASES: readonly Case[] = [
  { name: '18 bytes, 32 connections', path: '/', connections: 32 },
  { name: '18 bytes, 32 connections, other header lines each time', path: '/', connections: 32, varies: true },
  { name: '18 bytes, 512 connections', path: '/', connections: 512 },
  { name: '10 kB, 32 connections', path: '/10k', connections: 32 },
  { name: '1 MB down, 32 connections', path: '/1m', connections: 32 },
  { name: '1 MB up, 32 connections', path: '/', connections: 32, upload: true },
];

export async function bench(): Promise<void> {
  if (spawnSync('wrk', ['-v']).error) throw new Error('apt-get install wrk nginx-light haproxy caddy first');
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const uploads = mkdtempSync(join(tmpdir(), 'tnm-'));
  const children: ChildProcess[] = [];
  try {
    children.push(await startPinned(LOAD_CORE, ['nginx', '-c', appConf(dir)], FIRST_PORT));
    children.push(await startUploadApp(uploads));
    const other = process.argv[3];
    for (const one of CASES) {
      const place = one.upload === true ? uploads : dir;
      if (other === undefined) await benchCase(one, place, PEERS);
      else await compareBuilds(one, place, other);
    }
    if (other === undefined) await benchTenants(dir);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    for (const one of [dir, uploads]) rmSync(one, { recursive: true, force: true });
  }
}

async function benchCase(one: Case, dir: string, peers: readonly Peer[]): Promise<void> {
  const results = new Map<string, Result[]>(peers.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, peer] of peers.entries()) {
      results.get(peer.name)?.push(await measure(peer, one, dir, FIRST_PORT + 1 + index));
    }
  }
  const median = (name: string, figure: (result: Result) => number) =>
    quantile((results.get(name) ?? []).map(figure), 0.5);
  const rate = (name: string) => median(name, ({ perSecond }) => perSecond);
  console.log(`\n${one.name}`);
  console.log(
    'proxy        requests/s   p50 ms   p99 ms   CPU us/request   of nginx   of Caddy   of http-proxy   of CHP   of relay   errors',
  );
  for (const { name } of peers) {
    const row = [
      name.padEnd(13),
      rate(name).toFixed(0).padEnd(13),
      median(name, ({ p50Ms }) => p50Ms)
        .toFixed(2)
        .padEnd(9),
      median(name, ({ p99Ms }) => p99Ms)
        .toFixed(2)
        .padEnd(9),
      median(name, ({ cpuUs }) => cpuUs)
        .toFixed(1)
        .padEnd(17),
      (rate(name) / rate('nginx')).toFixed(2).padEnd(11),
      (rate(name) / rate('Caddy')).toFixed(2).padEnd(11),
      (rate(name) / rate('http-proxy')).toFixed(2).padEnd(16),
      (rate(name) / rate('CHP')).toFixed(2).padEnd(9),
      (rate(name) / rate('bare relay')).toFixed(2).padEnd(11),
      Math.max(...(results.get(name) ?? []).map(({ errors }) => errors)),
    ];
    console.log(row.join(''));
  }
}

/** Each round measures both, in both orders, so that other load of the machine affects both. */
async function compareBuilds(one: Case, dir: string, checkout: string): Promise<void> {
  const peers = [otherBuild(checkout), tenement(1)];
  const results = new Map<string, Result[]>(peers.map(({ name }) => [name, []]));
  for (let round = 0; round < BUILD_ROUNDS; round += 1) {
    for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
      results.get(peer.name)?.push(await measure(peer, one, dir, FIRST_PORT + 1));
    }
  }
  const median = (name: string, figure: (result: Result) => number) =>
    quantile((results.get(name) ?? []).map(figure), 0.5);
  const both = (figure: (result: Result) => number, digits: number) => {
    const [was, is] = [median('other', figure), median('tenement', figure)];
    return `${was.toFixed(digits)} -> ${is.toFixed(digits)} (${(is / was).toFixed(3)})`;
  };
  const rate = both(({ perSecond }) => perSecond, 0);
  const cpu = both(({ cpuUs }) => cpuUs, 1);
  const p99 = both(({ p99Ms }) => p99Ms, 2);
  console.log(`${one.name.padEnd(26)} requests/s ${rate.padEnd(28)} CPU us ${cpu.padEnd(26)} p99 ms ${p99}`);
}

/** The same answer from one tenant, a hundred and a thousand: every further connection is one more to keep ready. */
async function benchTenants(dir: string): Promise<void> {
  const counts = [1, 100, TENANTS];
  const runs = counts.flatMap((tenants) => [tenement(tenants), nginxOf(tenants)].map((peer) => ({ peer, tenants })));
  const results = runs.map((): Result[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, { peer, tenants }] of runs.entries()) {
      const one = { name: '', path: '/', connections: 32, tenants };
      results[index]?.push(await measure(peer, one, dir, FIRST_PORT + 20 + index));
    }
  }
  const median = (index: number, figure: (result: Result) => number) =>
    quantile((results[index] ?? []).map(figure), 0.5);
  const rate = (index: number) => median(index, ({ perSecond }) => perSecond);
  console.log('\n18 bytes, 32 connections, spread over tenants');
  console.log('proxy        tenants      requests/s   of its one   CPU us/request');
  for (const [index, { peer, tenants }] of runs.entries()) {
    const first = runs.findIndex((run) => run.peer.name === peer.name);
    const ofOne = (rate(index) / rate(first)).toFixed(2).padEnd(13);
    const cpu = median(index, ({ cpuUs }) => cpuUs).toFixed(1);
    console.log(
      `${peer.name.padEnd(13)}${String(tenants).padEnd(13)}${rate(index).toFixed(0).padEnd(13)}${ofOne}${cpu}`,
    );
  }
}

export async function measure(peer: Peer, one: Case, dir: string, port: number): Promise<Result> {
  const child = await startPinned(PROXY_CORE, peer.command(port, dir), port);
  try {
    load(one, port, dir, 1);
    const before = cpuMs(child);
    const { perSecond, p50Ms, p99Ms, errors, requests } = load(one, port, dir, SECONDS);
    return { perSecond, p50Ms, p99Ms, errors, cpuUs: ((cpuMs(child) - before) * 1000) / requests };
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

function load(one: Case, port: number, dir: string, seconds: number) {
  const script = join(dir, 'wrk.lua');
  writeFileSync(script, luaFor(one));
  const args = [
    '-c',
    String(LOAD_CORE),
    'wrk',
    '-t1',
    `-c${one.connections}`,
    `-d${seconds}s`,
    '--latency',
    '-s',
    script,
  ];
  const text = execFileSync('taskset', [...args, `http://127.0.0.1:${port}${one.path}`], { encoding: 'utf8' });
  return readWrk(text);
}

function luaFor({ upload, tenants, varies, domains }: Case): string {
  if (upload === true)
    return `wrk.method = "POST"; wrk.headers["Host"] = "t0.localhost"; wrk.body = string.rep("x", 1048576)`;
  if (varies === true)
    return `local n = 0
request = function() n = n + 1; return "GET / HTTP/1.1\\r\\nHost: t0.localhost\\r\\nX-Count: " .. n .. "\\r\\n\\r\\n" end`;
  if (domains !== undefined)
    return `local made = {}
init = function() for i = 0, ${domains - 1} do made[i] = wrk.format("GET", "/", { Host = "d" .. i .. ".example" }) end end
request = function() return made[math.random(0, ${domains - 1})] end`;
  if (tenants === undefined) return `wrk.headers["Host"] = "t0.localhost"`;
  return `local n = 0; local made = {}
init = function() for i = 0, ${tenants - 1} do made[i] = wrk.format("GET", "/", { Host = "t" .. i .. ".localhost" }) end end
request = function() n = (n + 7) % ${tenants}; return made[n] end`;
}

function cpuMs(child: ChildProcess): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The application: nginx on the sockets of the tenants. */
export function appConf(dir: string): string {
  writeFileSync(join(dir, '10k'), 'x'.repeat(10_000));
  writeFileSync(join(dir, '1m'), 'x'.repeat(1_048_576));
  const listens = Array.from({ length: TENANTS }, (_, index) => `listen unix:${dir}/t${index}.sock backlog=1024;`);
  const file = join(dir, 'app.conf');
  writeFileSync(
    file,
    nginxBase(
      dir,
      `sendfile on; keepalive_timeout 60s; server { listen 127.0.0.1:${FIRST_PORT}; ${listens.join(' ')} root ${dir};
location = / { default_type text/plain; return 200 "eighteen bytes ok\n"; } location / { } }`,
    ),
  );
  return file;
}

async function startUploadApp(dir: string): Promise<ChildProcess> {
  const app = fileURLToPath(new URL('./upload-app.ts', import.meta.url));
  return spawn('taskset', ['-c', String(LOAD_CORE), process.execPath, app, join(dir, 't0.sock')], { stdio: 'ignore' });
}
