/**
 * What a wake adds to a bare start. In turn, so that the machine's drift meets both: the application
 * started by hand, from spawn to its first 200, and the same asleep behind the proxy, from request to 200.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_PROXY_LIMITS } from '../../src/core/service.ts';
import { TurnedAway } from '../../src/core/turned-away.ts';
import { Hypervisor } from '../../src/hypervisor.ts';
import { silentLogger } from '../../src/logger.ts';
import { closeInherited } from '../../src/process/descriptors.ts';
import { createProxy } from '../../src/proxy/server.ts';
import { bareStart, get } from './bare.ts';
import { quantile, timed } from './figures.ts';

const ROUNDS = 41;
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const APPS = [
  { label: 'notes (Node)', example: 'notes' },
  { label: 'Flask under gunicorn', example: 'flask' },
];

export async function bench(): Promise<void> {
  closeInherited();
  console.log(`wake against bare start, ms, median (p90) of ${ROUNDS}, interleaved`);
  console.log('app                     bare start        wake through proxy  ratio');
  for (const app of APPS) await benchApp(app.label, join(EXAMPLES, app.example, 'tenement.toml'));
}

async function benchApp(label: string, configFile: string): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const hypervisor = await Hypervisor.load(configFile, { dataDir: join(dir, 'data') });
  const [service] = hypervisor.config.services.values();
  if (service === undefined) throw new Error('no service');
  const name = `${service.name}:bench`;
  const proxy = createProxy({
    source: hypervisor.internals.supervisor,
    table: () => ({ domains: ['*'], defaultService: service.name, services: new Set(), aliases: new Map() }),
    trustedProxies: () => [],
    limits: DEFAULT_PROXY_LIMITS,
    turnedAway: new TurnedAway(),
    logger: silentLogger(),
  });
  const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const spawned = await hypervisor.spawn(service.name, 'bench');
  if (spawned.state !== 'ready') throw new Error(`${name} is ${spawned.state}: ${spawned.reason}`);
  const bare: number[] = [];
  const woken: number[] = [];
  for (let round = -2; round < ROUNDS; round += 1) {
    await hypervisor.sleep(name);
    const wakeMs = await timed(() => get({ host: '127.0.0.1', port }, 'bench.localhost'));
    await hypervisor.sleep(name);
    let end = async () => {};
    const bareMs = await timed(async () => {
      end = await bareStart(service, join(dir, 'bare'));
    });
    await end();
    if (round < 0) continue;
    bare.push(bareMs);
    woken.push(wakeMs);
  }
  await proxy.close(0);
  await hypervisor.close();
  rmSync(dir, { recursive: true, force: true });
  const ratio = (quantile(woken, 0.5) / quantile(bare, 0.5)).toFixed(2);
  console.log(`${label.padEnd(24)}${shown(bare).padEnd(18)}${shown(woken).padEnd(20)}${ratio}`);
}

function shown(values: readonly number[]): string {
  return `${quantile(values, 0.5).toFixed(1)} (${quantile(values, 0.9).toFixed(1)})`;
}
