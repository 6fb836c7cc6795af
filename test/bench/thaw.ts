/**
 * What it takes to thaw a suspended instance: the notes application asked while it is awake and while it is frozen, in
 * turn, over one connection to the proxy of a server in a process of its own.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { quantile, timed } from './figures.ts';
import { BenchServer } from './server.ts';

const ROUNDS = 200;
const WARM_UPS = 20;
/** How long pushing out memory, and deferred work of the last request, may take. */
const PAUSE_MS = 100;
const NOTES = fileURLToPath(new URL('../../examples/notes/app.js', import.meta.url));

export async function bench(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const config = join(dir, 'tenement.toml');
  writeFileSync(
    config,
    `[service.notes]\ncommand = ["node", "${NOTES}"]\nhealth = "/health"\nidle_action = "suspend"\n`,
  );
  const server = await BenchServer.start(config);
  await server.api('POST', '/spawn/notes/--id=acme');
  const client = connect({ host: '127.0.0.1', port: server.proxyPort, noDelay: true });
  const ask = () => answered(client);
  const awake: number[] = [];
  const frozen: number[] = [];
  for (let round = -WARM_UPS; round < ROUNDS; round += 1) {
    const awakeMs = await timed(ask);
    await server.api('POST', '/api/instances/notes:acme/sleep');
    await delay(PAUSE_MS);
    const frozenMs = await timed(ask);
    await delay(PAUSE_MS);
    if (round >= 0) awake.push(awakeMs);
    if (round >= 0) frozen.push(frozenMs);
  }
  client.destroy();
  await server.end();
  rmSync(dir, { recursive: true, force: true });
  console.log(`from request to answer of the notes application, ms, of ${ROUNDS} in turn`);
  console.log('         p50    p90    p99');
  for (const [name, times] of [['awake', awake] as const, ['frozen', frozen] as const]) {
    const columns = [0.5, 0.9, 0.99].map((share) => quantile(times, share).toFixed(2).padEnd(7));
    console.log(`${name.padEnd(9)}${columns.join('')}`);
  }
}

/** A minimal client: the answer of the notes application comes in one piece. */
async function answered(client: Socket): Promise<void> {
  client.write('GET / HTTP/1.1\r\nhost: acme.localhost\r\n\r\n');
  const [answer] = await once(client, 'data');
  if (!String(answer).startsWith('HTTP/1.1 200')) throw new Error(String(answer));
}
