/** One run: tenants, their customers, the faults, and the final checks. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startAttacks } from './attacker.ts';
import { Census, processesOf, zombiesOf } from './census.ts';
import { Faults, kill } from './faults.ts';
import { writesOf } from './ledger.ts';
import { startLoad } from './load.ts';
import { FaultLog } from './log.ts';
import { Random } from './random.ts';
import { ServerUnderTest } from './server.ts';
import { Tally } from './tally.ts';
import { type Tenant, tenantsOf } from './tenants.ts';
import { Victims } from './victims.ts';

const STEADY_LOOKS = 5;
const MOST_LOOKS = 40;

export interface ChaosOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Approximate number of tenants. */
  readonly tenants: number;
  /** Number of customers of each tenant. */
  readonly customers: number;
  /** Mean pause between two requests of a customer, ms. */
  readonly pauseMs: number;
  /** Mean pause between two faults, ms. */
  readonly faultPauseMs: number;
}

export interface RunReport {
  readonly dir: string;
  readonly tenants: number;
  readonly tally: Tally;
  readonly faults: ReadonlyMap<string, number>;
  readonly serverKills: number;
  /** Median and longest, ms. */
  readonly restartMs: readonly [median: number, longest: number];
  readonly survivors: { readonly before: number; readonly after: number };
  readonly lostInstances: readonly string[];
  readonly looks: number;
  /** Broken promises, in words; empty when none was broken. */
  readonly broken: readonly string[];
  readonly found: { readonly writes: number; readonly doubled: number; readonly foreign: number };
  readonly descriptors: { readonly before: number; readonly after: number };
  readonly residentMb: { readonly before: number; readonly after: number };
  readonly left: {
    readonly processes: number;
    readonly zombies: number;
    readonly files: number;
    readonly sockets: number;
  };
}

export async function runChaos(options: ChaosOptions): Promise<RunReport> {
  const dir = mkdtempSync(join(tmpdir(), 'chaos-'));
  // The users of tenants pass through this directory.
  chmodSync(dir, 0o711);
  const server = new ServerUnderTest(dir);
  const tenants = tenantsOf(options.tenants);
  const tally = new Tally();
  const log = new FaultLog();
  const faults = new Faults({ server, tenants, log, random: new Random(options.seed) });
  try {
    await server.open();
    for (const { kind, id } of tenants) await server.api('POST', `/spawn/${kind}/--id=${id}?start=false`);
    const census = new Census(server.dataDir, tenants);
    const victims = new Victims(server.dir);
    const load = { ...options, server, tenants, log, tally };
    const endLoad = startLoad(load);
    const endAttacks = startAttacks(load);
    await faults.run(AbortSignal.timeout(options.seconds * 1000), options.faultPauseMs);
    await Promise.all([endLoad(), endAttacks()]);
    census.end();
    return await reckon(server, tenants, { tally, faults, census, victims });
  } finally {
    await server.end('SIGKILL').catch(() => {});
    for (const { pid } of processesOf(server.dataDir)) kill(pid, 'SIGKILL');
  }
}

interface Course {
  readonly tally: Tally;
  readonly faults: Faults;
  readonly census: Census;
  readonly victims: Victims;
}

async function reckon(server: ServerUnderTest, tenants: readonly Tenant[], course: Course): Promise<RunReport> {
  const { tally, faults, census, victims } = course;
  const afterAll = await quietDescriptors(server);
  const residentMb = server.residentMb();
  const zombies = await zombiesOf(server.pid);
  const cleanExit = (await server.end('SIGINT')) === 0;
  const left = { ...traces(server), zombies };
  await server.start();
  const atFirst = await quietDescriptors(server);
  const freshMb = server.residentMb();
  await server.end('SIGINT');
  const missing = tenants.flatMap((tenant) => missingOf(server, tenant, tally));
  const found = countWrites(server, tenants, tally);
  const broken = [
    ...tally.broken,
    ...missing,
    ...census.twice.map((what) => `served twice: ${what}`),
    ...server.ownEnds,
    ...victims.changed(),
    ...(cleanExit ? [] : ['the server did not end with status 0']),
    ...Object.entries({ ...left, 'doubled writes': found.doubled, 'writes of others': found.foreign })
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${count} ${what} left`),
  ];
  return {
    dir: server.dir,
    tenants: tenants.length,
    tally,
    faults: faults.done,
    serverKills: server.kills,
    restartMs: medianAndLongest(server.restartMs),
    survivors: faults.survivors,
    lostInstances: faults.lostInstances,
    looks: census.looks,
    broken,
    found,
    descriptors: { before: atFirst, after: afterAll },
    residentMb: { before: freshMb, after: residentMb },
    left,
  };
}

/** Returns the server's open descriptors with every instance asleep and no client. */
async function quietDescriptors(server: ServerUnderTest): Promise<number> {
  const instances = await server.instances();
  await Promise.all(instances.map(({ instance }) => server.api('POST', `/api/instances/${instance}/sleep`)));
  // Idle connections to ended processes, and connections of the measurement, are closed within this time.
  await delay(4000);
  return steady(() => server.descriptors());
}

/** Reads a figure several times in a row, because a busy machine takes longer to settle. */
async function steady(read: () => number): Promise<number> {
  let [last, times] = [read(), 1];
  for (let looks = 0; times < STEADY_LOOKS && looks < MOST_LOOKS; looks += 1) {
    await delay(500);
    const now = read();
    times = now === last ? times + 1 : 1;
    last = now;
  }
  return last;
}

function traces(server: ServerUnderTest) {
  const files = [...list(join(server.dir, 'run')), ...list(join(server.dataDir, '.tenement/output'))];
  const sockets = readFileSync('/proc/net/unix', 'latin1')
    .split('\n')
    .filter((line) => line.includes(server.dir));
  return { processes: processesOf(server.dataDir).length, files: files.length, sockets: sockets.length };
}

/** Lists sockets and FIFOs, without the directories that hold them, and without files of hostile tenants. */
function list(dir: string): string[] {
  const found = execFileSync('find', [dir, '-name', '.trash', '-prune', '-o', '-type', 's,p', '-print'], {
    encoding: 'utf8',
  });
  return found.split('\n').filter((line) => line !== '');
}

function missingOf(server: ServerUnderTest, tenant: Tenant, tally: Tally): string[] {
  const found = new Set(writesOf(server.dataDir, tenant));
  const lost = [...(tally.acknowledged.get(tenant.instance) ?? [])].filter((n) => !found.has(n));
  return lost.map((n) => `write ${n} of ${tenant.instance} was acknowledged and is lost`);
}

function countWrites(server: ServerUnderTest, tenants: readonly Tenant[], tally: Tally) {
  const owner = new Map<number, string>();
  let writes = 0;
  let doubled = 0;
  let foreign = 0;
  for (const tenant of tenants) {
    for (const n of writesOf(server.dataDir, tenant)) {
      if (tally.acknowledged.get(tenant.instance)?.has(n)) writes += 1;
      if (owner.get(n) === tenant.instance) doubled += 1;
      else if (owner.has(n)) foreign += 1;
      owner.set(n, tenant.instance);
    }
  }
  return { writes, doubled, foreign };
}

function medianAndLongest(figures: readonly number[]): [number, number] {
  const sorted = figures.map(Math.round).sort((a, b) => a - b);
  return [sorted[Math.floor(sorted.length / 2)] ?? 0, sorted.at(-1) ?? 0];
}
