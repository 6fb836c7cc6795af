/**
 * Two hundred sleepers woken at once, through the proxy of a real server, against the same two hundred
 * started by hand with the same number of starts at once.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load.ts';
import { bareStart, get } from './bare.ts';
import { quantile, timed } from './figures.ts';
import { BenchServer } from './server.ts';

const SLEEPERS = 200;
const AT_ONCE = 8;
const ROUNDS = 3;
const NOTES = fileURLToPath(new URL('../../examples/notes/app.js', import.meta.url));

export async function bench(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const config = join(dir, 'tenement.toml');
  writeFileSync(
    config,
    `[settings]\nmax_running = 300\nmax_concurrent_starts = ${AT_ONCE}\n[service.notes]\ncommand = ["node", "${NOTES}"]\nidle_timeout = 0\n`,
  );
  const server = await BenchServer.start(config);
  const ids = Array.from({ length: SLEEPERS }, (_, index) => `t${index}`);
  for (const id of ids) await server.api('POST', `/spawn/notes/--id=${id}?start=false`);
  const [service] = loadConfig(config).services.values();
  if (service === undefined) throw new Error('no service');
  const woken: number[] = [];
  const bare: number[] = [];
  let failures = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const ask = (id: string) => get({ host: '127.0.0.1', port: server.proxyPort }, `${id}.localhost`);
    woken.push(
      await timed(async () => {
        const answers = await Promise.allSettled(ids.map(ask));
        failures += answers.filter(({ status }) => status === 'rejected').length;
      }),
    );
    await Promise.all(ids.map((id) => server.api('POST', `/api/instances/notes:${id}/sleep`)));
    const ends: (() => Promise<void>)[] = [];
    const start = async (id: string) => void ends.push(await bareStart(service, join(dir, 'bare', id)));
    bare.push(await timed(() => eachAtOnce(ids, start)));
    await Promise.all(ends.map((end) => end()));
  }
  await server.end();
  rmSync(dir, { recursive: true, force: true });
  const [wokenMs, bareMs] = [quantile(woken, 0.5), quantile(bare, 0.5)];
  console.log(`${SLEEPERS} sleeping instances (notes) woken at once, ${AT_ONCE} starts at a time, median of ${ROUNDS}`);
  console.log(`woken    ${wokenMs.toFixed(0)} ms, ${failures} failures of ${ROUNDS * SLEEPERS} requests`);
  console.log(`bare     ${bareMs.toFixed(0)} ms`);
  console.log(`ratio    ${(wokenMs / bareMs).toFixed(2)}`);
}

async function eachAtOnce(ids: readonly string[], work: (id: string) => Promise<void>): Promise<void> {
  const left = [...ids];
  const worker = async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) await work(id);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
