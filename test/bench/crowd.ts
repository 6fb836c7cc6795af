/**
 * What ten thousand registered, sleeping instances cost: time to ready, memory, CPU over a quiet minute, and a
 * route to one of them (awake) against one of ten, asked in turn on one keep-alive connection each.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { newRecord } from '../../src/core/lifecycle/instance.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createRegistry } from '../../src/registry/instances.ts';
import { openStateDir } from '../../src/registry/state-dir.ts';
import { get } from './bare.ts';
import { quantile, timed } from './figures.ts';
import { BenchServer } from './server.ts';

const SIZES = [10, 10_000];
const REQUESTS = 10_000;
const QUIET_MS = 60_000;
const NOTES = fileURLToPath(new URL('../../examples/notes/app.js', import.meta.url));

export async function bench(): Promise<void> {
  const towns = [];
  for (const size of SIZES) towns.push(await openTown(size));
  console.log(`${QUIET_MS / 1000} quiet seconds`);
  await delay(5000);
  const before = towns.map(({ server }) => server.cpuMs());
  await delay(QUIET_MS);
  console.log('registered   ready after   resident   CPU in the quiet time');
  towns.forEach(({ server, size }, index) => {
    const cpu = `${server.cpuMs() - (before[index] ?? 0)} ms`;
    const figures = [
      `${server.readyMs.toFixed(0)} ms`.padEnd(14),
      `${server.residentMb().toFixed(0)} MB`.padEnd(11),
      cpu,
    ];
    console.log(`${String(size).padEnd(13)}${figures.join('')}`);
  });
  await routes(towns);
  for (const { server, dir, sockets } of towns) {
    await server.end();
    for (const one of [dir, sockets]) rmSync(one, { recursive: true, force: true });
  }
}

interface Town {
  readonly size: number;
  readonly dir: string;
  readonly sockets: string;
  readonly server: BenchServer;
}

async function openTown(size: number): Promise<Town> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const sockets = mkdtempSync(join(inMemory(), 'tnm-'));
  const settings = `[settings]\nruntime_dir = "${sockets}"\n`;
  writeFileSync(join(dir, 'tenement.toml'), `${settings}[service.notes]\ncommand = ["node", "${NOTES}"]\n`);
  const stateDir = join(dir, 'data/.tenement');
  openStateDir(stateDir);
  const database = openDatabase(join(stateDir, 'tenement.db'));
  const records = Array.from({ length: size }, (_, index) =>
    newRecord('notes', `t${index}`, { env: {}, limits: {} }, Date.now()),
  );
  createRegistry(database).saveAll(records);
  database.close();
  return { size, dir, sockets, server: await BenchServer.start(join(dir, 'tenement.toml')) };
}

/** As /run is, where sockets lie by default. */
function inMemory(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

async function routes(towns: readonly Town[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const host = ({ size }: Town) => `t${size - 1}.localhost`;
  for (const town of towns) await get({ host: '127.0.0.1', port: town.server.proxyPort }, host(town));
  const taken = towns.map(() => [] as number[]);
  for (let round = -500; round < REQUESTS; round += 1) {
    for (const [index, town] of towns.entries()) {
      const ms = await timed(() => ask(town.server.proxyPort, host(town), agent));
      if (round >= 0) taken[index]?.push(ms);
    }
  }
  agent.destroy();
  console.log(`\nroute to one of them, ms, ${REQUESTS} requests each, in turn`);
  console.log('registered   p50     p99');
  towns.forEach(({ size }, index) => {
    const [p50, p99] = [0.5, 0.99].map((share) =>
      quantile(taken[index] ?? [], share)
        .toFixed(2)
        .padEnd(8),
    );
    console.log(`${String(size).padEnd(13)}${p50}${p99}`);
  });
}

function ask(port: number, host: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/health', headers: { host }, agent }, (response) => {
      response.resume();
      response.once('end', resolve);
    });
    asked.once('error', reject);
    asked.end();
  });
}
