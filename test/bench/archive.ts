/**
 * An export of 1 GB in 10,000 files beside `tar --zstd` of the same directory, in turn; and what another tenant notices of
 * exports that follow each other.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { timed } from './figures.ts';
import { BenchServer } from './server.ts';
import { shown, steadyLoad, warmUp } from './steady-load.ts';

const APP = fileURLToPath(new URL('./tiny-app.py', import.meta.url));
const MAIN = fileURLToPath(new URL('../../bin/tenement.js', import.meta.url));
const FILES = 10_000;
const FILE_BYTES = 100 * 1024;
const ROUNDS = 3;

export async function bench(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-archive-'));
  // The tenants' users pass through it.
  chmodSync(dir, 0o711);
  const config = join(dir, 'tenement.toml');
  const app = `[service.app]\ncommand = "python3 ${APP}"\nidle_timeout = 0\n`;
  writeFileSync(config, `[settings]\ndata_dir = "./data"\n${app}`);
  const server = await BenchServer.start(config);
  try {
    for (const id of ['large', 'other']) await server.api('POST', '/api/tenants', { id });
    fill(join(dir, 'data/large'));
    await compare(dir, config);
    await beside(server, dir, config);
  } finally {
    await server.end('SIGTERM');
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Half of each file can be compressed. */
function fill(dir: string): void {
  for (let n = 0; n < FILES; n += 1) {
    const within = join(dir, `d${n % 100}`);
    mkdirSync(within, { recursive: true });
    const half = randomBytes(FILE_BYTES / 2);
    writeFileSync(
      join(within, `f${n}`),
      Buffer.concat([half, Buffer.from(half.toString('hex')).subarray(0, FILE_BYTES / 2)]),
    );
  }
  execFileSync('sync');
}

async function compare(dir: string, config: string): Promise<void> {
  const file = join(dir, 'out.tar.zst');
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const tarMs = await timed(() => run('tar', ['--zstd', '-cf', file, '-C', join(dir, 'data/large'), '.']));
    const exportMs = await timed(() => exported(config, file, dir));
    ratios.push(exportMs / tarMs);
    console.log(`tar --zstd ${seconds(tarMs)}   export ${seconds(exportMs)}   ${(exportMs / tarMs).toFixed(2)} times`);
  }
  console.log(`median ${ratios.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]?.toFixed(2)} times`);
}

async function beside(server: BenchServer, dir: string, config: string): Promise<void> {
  await warmUp(server.proxyPort, 'other.localhost');
  console.log(
    `p50 and p99 of another tenant, ms: alone ${shown(await steadyLoad(server.proxyPort, 'other.localhost'))}`,
  );
  let isOver = false;
  const exports = (async () => {
    while (!isOver) await exported(config, join(dir, 'out.tar.zst'), dir);
  })();
  console.log(`during exports ${shown(await steadyLoad(server.proxyPort, 'other.localhost'))}`);
  isOver = true;
  await exports;
}

function exported(config: string, file: string, dir: string): Promise<void> {
  return run(process.execPath, [MAIN, 'export', 'large', '-c', config, '-o', file], {
    ...process.env,
    XDG_RUNTIME_DIR: dir,
  });
}

async function run(program: string, args: readonly string[], env = process.env): Promise<void> {
  const [status] = await once(spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] }), 'exit');
  if (status !== 0) throw new Error(`${program} ended with status ${status}`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
