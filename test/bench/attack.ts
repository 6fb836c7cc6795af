/**
 * Slow clients against one tenant (slowhttptest, on a core of its own), and what another tenant's clients notice of it:
 * they ask at a fixed rate, each at its time whether or not the one before was answered.
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
  console.log('attack          before         during         errors');
  await load(server.proxyPort);
  for (const [name, args] of ATTACKS) {
    const before = await load(server.proxyPort);
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

interface Seen {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

async function load(port: number): Promise<Seen> {
  const agent = new Agent({ keepAlive: true });
  const startedAtMs = performance.now();
  const asked: Promise<number | null>[] = [];
  for (let count = 0; count < PER_SECOND * ASKED_FOR_S; count += 1) {
    const dueAtMs = startedAtMs + (count * 1000) / PER_SECOND;
    if (dueAtMs > performance.now()) await delay(dueAtMs - performance.now());
    asked.push(ask(port, agent));
  }
  const times = await Promise.all(asked);
  agent.destroy();
  const answered = times.filter((ms) => ms !== null);
  return {
    p50Ms: quantile(answered, 0.5),
    p99Ms: quantile(answered, 0.99),
    errors: times.length - answered.length,
  };
}

/** How long it took, in ms; null when it failed. */
function ask(port: number, agent: Agent): Promise<number | null> {
  const startedAtMs = performance.now();
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, agent, headers: { host: 'other.test' } }, (response) => {
      response
        .resume()
        .once('end', () => resolve(response.statusCode === 200 ? performance.now() - startedAtMs : null));
      response.once('error', () => resolve(null));
    });
    asked.once('error', () => resolve(null));
    asked.end();
  });
}
