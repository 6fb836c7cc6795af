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
import { openStateDir } from '../../src/registry/locks/state-dir.ts';
import { get } from './bare.ts';
import { quantile, timed } from './figures.ts';
import { BenchServer } from './server.ts';

const SIZES = [10, 10_000];
const REQUESTS = 10_000;
const QUIET_MS = 60_000;
const NOTES = fileURLToPath(new URL('../../examples/notes/app.js', import.meta.url));

export async function bench(): Promise<void> {
  const servers = [];
  for (const size of SIZES) servers.push(await openServer(size));
  console.log(`${QUIET_MS / 1000} quiet seconds`);
  await delay(5000);
  const before = servers.map(({ server }) => server.cpuMs());
  await delay(QUIET_MS);
  console.log('registered   ready after   resident   CPU in the quiet time');
  servers.forEach(({ server, size }, index) => {
    const cpu = `${server.cpuMs() - (before[index] ?? 0)} ms`;
    const figures = [
      `${server.readyMs.toFixed(0)} ms`.padEnd(14),
      `${server.residentMb().toFixed(0)} MB`.padEnd(11),
      cpu,
    ];
    console.log(`${String(size).padEnd(13)}${figures.join('')}`);
  });
  await routes(servers);
  for (const { server, dir, sockets } of servers) {
    await server.end();
    for (const one of [dir, sockets]) rmSync(one, { recursive: true, force: true });
  }
}

interface CrowdedServer {
  readonly size: number;
  readonly dir: string;
  readonly sockets: string;
  readonly server: BenchServer;
}

async function openServer(size: number): Promise<CrowdedServer> {
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

/** A tmpfs like /run, where sockets lie by default. */
function inMemory(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

async function routes(servers: readonly CrowdedServer[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const host = ({ size }: CrowdedServer) => `t${size - 1}.localhost`;
  for (const one of servers) await get({ host: '127.0.0.1', port: one.server.proxyPort }, host(one));
  const taken = servers.map(() => [] as number[]);
  for (let round = -500; round < REQUESTS; round += 1) {
    for (const [index, one] of servers.entries()) {
      const ms = await timed(() => ask(one.server.proxyPort, host(one), agent));
      if (round >= 0) taken[index]?.push(ms);
    }
  }
  agent.destroy();
  console.log(`\nroute to one of them, ms, ${REQUESTS} requests each, in turn`);
  console.log('registered   p50     p99');
  servers.forEach(({ size }, index) => {
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
