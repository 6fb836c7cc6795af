/**
 * Slow clients against one tenant (slowhttptest, on a core of its own), and what another tenant's clients notice of it:
 * they ask at a fixed rate, each at its time whether or not the one before was answered. Before the attack something
 * else keeps the attacker's core busy, since server, tenants and client have only the other one left.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { quantile } from './figures.ts';
import { BenchServer } from './server.ts';

const APP = fileURLToPath(new URL('./body-app.ts', import.meta.url));
const CONNECTIONS = 1000;
const SECONDS = 30;
const RAMP_MS = 5000;
const ATTACKER_CORE = '1';
const PER_SECOND = 500;
const ASKED_FOR_S = 12;
const WARM_UPS = 4;

/** Its kind, and what else slowhttptest is told. */
const ATTACKS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['slow headers', ['-H', '-i', '5', '-x', '24']],
  ['slow bodies', ['-B', '-i', '5', '-s', '8192', '-x', '10']],
  ['slow readers', ['-X', '-w', '1', '-y', '16', '-n', '5', '-z', '16', '-k', '3']],
];

export async function bench(): Promise<void> {
  if (spawnSync('slowhttptest', ['-h']).error) throw new Error('apt-get install slowhttptest first');
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const config = join(dir, 'tenement.toml');
  // slowhttptest asks for 127.0.0.1, which is a tenant's address where any domain is.
  writeFileSync(config, `[proxy]\ndomain = "*"\n[service.app]\ncommand = ["node", "${APP}"]\n`);
  const server = await BenchServer.start(config);
  for (const id of ['127', 'other']) await server.api('POST', `/spawn/app/--id=${id}`);
  console.log(
    `${CONNECTIONS} slow connections to one tenant, and another tenant's p50 and p99 in ms (${PER_SECOND} requests/s)`,
  );
  console.log('attack          without        during         errors');
  // Until the client's own code is compiled as far as it will be: measured, that takes 20,000 requests.
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp += 1) await load(server.proxyPort);
  for (const [name, args] of ATTACKS) {
    const before = await besideBusyCore(server.proxyPort);
    const attack = start(args, server.proxyPort);
    const gone = once(attack, 'exit');
    await delay(RAMP_MS);
    const during = await load(server.proxyPort);
    attack.kill('SIGKILL');
    await gone;
    const shown = [before, during].map(({ p50Ms, p99Ms }) => `${p50Ms.toFixed(2)} ${p99Ms.toFixed(2)}`.padEnd(15));
    console.log(`${name.padEnd(16)}${shown.join('')}${during.errors}`);
  }
  await server.end();
  rmSync(dir, { recursive: true, force: true });
}

function start(args: readonly string[], port: number): ChildProcess {
  const common = ['-c', String(CONNECTIONS), '-r', '500', '-l', String(SECONDS), '-v', '0'];
  const url = `http://127.0.0.1:${port}/big?bytes=1000000`;
  return spawn('taskset', ['-c', ATTACKER_CORE, 'slowhttptest', ...args, ...common, '-u', url], { stdio: 'ignore' });
}

/** What the attacker costs by merely running: something else has its core instead. */
async function besideBusyCore(port: number): Promise<Seen> {
  const busy = spawn('taskset', ['-c', ATTACKER_CORE, process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    return await load(port);
  } finally {
    busy.kill('SIGKILL');
    await once(busy, 'exit');
  }
}

interface Seen {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

/** Keeps nothing but the times, lest its own garbage collection be what is measured. */
async function load(port: number): Promise<Seen> {
  const agent = new Agent({ keepAlive: true });
  const times = new Float64Array(PER_SECOND * ASKED_FOR_S);
  const startedAtMs = performance.now();
  let count = 0;
  let errors = 0;
  let open = 0;
  const answered = (ms: number | null) => {
    open -= 1;
    if (ms === null) errors += 1;
    else times[count++] = ms;
  };
  for (let asked = 0; asked < times.length; asked += 1) {
    const dueInMs = startedAtMs + (asked * 1000) / PER_SECOND - performance.now();
    if (dueInMs > 0) await delay(dueInMs);
    open += 1;
    ask(port, agent, answered);
  }
  while (open > 0) await delay(10);
  agent.destroy();
  const seen = [...times.subarray(0, count)];
  return { p50Ms: quantile(seen, 0.5), p99Ms: quantile(seen, 0.99), errors };
}

/** `answered`: how long it took, in ms; null when it failed. */
function ask(port: number, agent: Agent, answered: (ms: number | null) => void): void {
  const startedAtMs = performance.now();
  const asked = request({ host: '127.0.0.1', port, agent, headers: { host: 'other.test' } }, (response) => {
    const { statusCode } = response;
    response.resume().once('close', () => answered(statusCode === 200 ? performance.now() - startedAtMs : null));
  });
  asked.once('error', () => answered(null));
  asked.end();
}
