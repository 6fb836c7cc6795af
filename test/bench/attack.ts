/** Slow clients against one tenant (slowhttptest), and what another tenant's clients notice of it. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { quantile } from './figures.ts';
import { BenchServer } from './server.ts';
import { readWrk } from './wrk.ts';

const APP = fileURLToPath(new URL('./body-app.ts', import.meta.url));
const CONNECTIONS = 1000;
const SECONDS = 25;
const RAMP_MS = 5000;
const ROUNDS = 3;

/** Its kind, and what else slowhttptest is told. */
const ATTACKS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['slow headers', ['-H', '-i', '5', '-x', '24']],
  ['slow bodies', ['-B', '-i', '5', '-s', '8192', '-x', '10']],
  ['slow readers', ['-X', '-w', '1', '-y', '16', '-n', '5', '-z', '16', '-k', '3']],
];

export async function bench(): Promise<void> {
  if (spawnSync('slowhttptest', ['-h']).error) throw new Error('apt-get install slowhttptest wrk first');
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const config = join(dir, 'tenement.toml');
  // slowhttptest asks for 127.0.0.1, which is a tenant's address where any domain is.
  writeFileSync(config, `[proxy]\ndomain = "*"\n[service.app]\ncommand = ["node", "${APP}"]\n`);
  const server = await BenchServer.start(config);
  for (const id of ['127', 'other']) await server.api('POST', `/spawn/app/--id=${id}`);
  console.log(`${CONNECTIONS} slow connections to one tenant, and another tenant's p50 and p99 in ms (8 connections)`);
  console.log('attack          before         during         errors');
  for (const [name, args] of ATTACKS) {
    const before = rounds(server.proxyPort);
    const attack = start(args, server.proxyPort);
    const gone = once(attack, 'exit');
    await delay(RAMP_MS);
    const during = rounds(server.proxyPort);
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
  return spawn('slowhttptest', [...args, ...common, '-u', url], { stdio: 'ignore' });
}

function rounds(port: number) {
  const all = Array.from({ length: ROUNDS }, () => load(port));
  return {
    p50Ms: quantile(
      all.map(({ p50Ms }) => p50Ms),
      0.5,
    ),
    p99Ms: quantile(
      all.map(({ p99Ms }) => p99Ms),
      0.5,
    ),
    errors: all.reduce((sum, { errors }) => sum + errors, 0),
  };
}

/** A fixed, moderate rate would be better; wrk has none, so its eight connections ask as fast as they are answered. */
function load(port: number) {
  const args = ['-t1', '-c8', '-d3s', '--latency', '-H', 'Host: other.test', `http://127.0.0.1:${port}/`];
  return readWrk(execFileSync('wrk', args, { encoding: 'utf8' }));
}
