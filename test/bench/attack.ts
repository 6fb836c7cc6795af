/**
 * Slow clients against one tenant (slowhttptest, on a core of its own), and what another tenant's clients notice of it:
 * they ask at a fixed rate, each at its time whether or not the one before was answered. Before the attack something
 * else keeps the attacker's core busy, since server, tenants and client have only the other one left. While it begins,
 * slow readers let the system's buffers fill at full speed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchServer } from './server.ts';
import { PER_SECOND, type Seen, shown, steadyLoad, warmUp } from './steady-load.ts';

const APP = fileURLToPath(new URL('./body-app.ts', import.meta.url));
const CONNECTIONS = 1000;
/** Longer than the measurement. */
const SECONDS = 40;
const ATTACKER_CORE = '1';
const HOST = 'other.test';

/** The kind of attack, and further options of slowhttptest. */
const ATTACKS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['slow headers', ['-H', '-i', '5', '-x', '24']],
  ['slow bodies', ['-B', '-i', '5', '-s', '8192', '-x', '10']],
  ['slow readers', ['-X', '-w', '1', '-y', '16', '-n', '5', '-z', '16', '-k', '3']],
];

export async function bench(): Promise<void> {
  if (spawnSync('slowhttptest', ['-h']).error) throw new Error('apt-get install slowhttptest first');
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const config = join(dir, 'tenement.toml');
  // slowhttptest requests 127.0.0.1, which is a tenant's address where any domain is served.
  writeFileSync(config, `[proxy]\ndomain = "*"\n[service.app]\ncommand = ["node", "${APP}"]\n`);
  const server = await BenchServer.start(config);
  for (const id of ['127', 'other']) await server.api('POST', `/spawn/app/--id=${id}`);
  console.log(
    `${CONNECTIONS} slow connections to one tenant, and another tenant's p50 and p99 in ms (${PER_SECOND} requests/s)`,
  );
  console.log('attack          without        as it begins   during         errors');
  await warmUp(server.proxyPort, HOST);
  for (const [name, args] of ATTACKS) {
    const before = await besideBusyCore(server.proxyPort);
    const attack = start(args, server.proxyPort);
    const gone = once(attack, 'exit');
    const beginning = await steadyLoad(server.proxyPort, HOST);
    const during = await steadyLoad(server.proxyPort, HOST);
    attack.kill('SIGKILL');
    await gone;
    const columns = [before, beginning, during].map((seen) => shown(seen).padEnd(15)).join('');
    console.log(`${name.padEnd(16)}${columns}${beginning.errors + during.errors}`);
  }
  await server.end();
  rmSync(dir, { recursive: true, force: true });
}

function start(args: readonly string[], port: number): ChildProcess {
  const common = ['-c', String(CONNECTIONS), '-r', '500', '-l', String(SECONDS), '-v', '0'];
  const url = `http://127.0.0.1:${port}/big?bytes=1000000`;
  return spawn('taskset', ['-c', ATTACKER_CORE, 'slowhttptest', ...args, ...common, '-u', url], { stdio: 'ignore' });
}

/** The cost of the attacker's mere running: another program uses its core instead. */
async function besideBusyCore(port: number): Promise<Seen> {
  const busy = spawn('taskset', ['-c', ATTACKER_CORE, process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    return await steadyLoad(port, HOST);
  } finally {
    busy.kill('SIGKILL');
    await once(busy, 'exit');
  }
}
