/** An example application with one tenant, `bench`, behind the proxy in this process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openParts } from '../../src/compose.ts';
import { TurnedAway } from '../../src/core/admission/turned-away.ts';
import type { InstanceName } from '../../src/core/lifecycle/instance.ts';
import { ProxySettingsPublisher } from '../../src/core/routing/proxy-settings.ts';
import { DEFAULT_PROXY_LIMITS, type ServiceConfig } from '../../src/core/service/service.ts';
import { type Hypervisor, hypervisorOver } from '../../src/hypervisor.ts';
import { silentLogger } from '../../src/logger.ts';
import { createProxy } from '../../src/proxy/server.ts';
import { bareStart, get } from './bare.ts';
import { medianAndP90, quantile, timed } from './figures.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

export const EXAMPLE_APPS = [
  { label: 'notes (Node)', example: 'notes' },
  { label: 'Flask under gunicorn', example: 'flask' },
];

export interface ExampleApp {
  readonly hypervisor: Hypervisor;
  readonly service: ServiceConfig;
  readonly name: InstanceName;
  /** Requests the tenant through the proxy; settles at its 200. */
  ask(): Promise<void>;
  /** A directory for whatever else the bench starts. */
  readonly dir: string;
  close(): Promise<void>;
}

/** Settles when the tenant is ready. */
export async function startExample(example: string): Promise<ExampleApp> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const loadOptions = { dataDir: join(dir, 'data') };
  const parts = await openParts(join(EXAMPLES, example, 'tenement.toml'), { logger: silentLogger(), loadOptions });
  const hypervisor = hypervisorOver(parts);
  const [service] = parts.served.current.services.values();
  if (service === undefined) throw new Error('no service');
  const name: InstanceName = `${service.name}:bench`;
  const anyDomain = { services: [], defaultService: service.name };
  const routing = { version: 1, suffixes: [], anyDomain, aliases: [] };
  const proxy = createProxy({
    source: parts.supervisor,
    settings: new ProxySettingsPublisher({ routing, trustedProxies: [], identity: null, tls: null }),
    limits: DEFAULT_PROXY_LIMITS,
    turnedAway: new TurnedAway(),
    logger: silentLogger(),
  });
  const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const spawned = await hypervisor.spawn(service.name, 'bench');
  if (spawned.state !== 'ready') throw new Error(`${name} is ${spawned.state}: ${spawned.reason}`);
  const close = async () => {
    await proxy.close(0);
    await hypervisor.close();
    rmSync(dir, { recursive: true, force: true });
  };
  const ask = () => get({ host: '127.0.0.1', port }, 'bench.localhost');
  return { hypervisor, service, name, ask, dir, close };
}

/** Measures `figure`, in ms, and a bare start in turn, and prints both and their ratio. */
export async function besideBareStart(
  { label, example }: (typeof EXAMPLE_APPS)[number],
  rounds: number,
  figure: (app: ExampleApp) => Promise<number>,
): Promise<void> {
  const app = await startExample(example);
  const bare: number[] = [];
  const taken: number[] = [];
  for (let round = -2; round < rounds; round += 1) {
    const takenMs = await figure(app);
    let end = async () => {};
    const bareMs = await timed(async () => {
      end = await bareStart(app.service, join(app.dir, 'bare'));
    });
    await end();
    if (round < 0) continue;
    bare.push(bareMs);
    taken.push(takenMs);
  }
  await app.close();
  const ratio = (quantile(taken, 0.5) / quantile(bare, 0.5)).toFixed(2);
  console.log(`${label.padEnd(24)}${medianAndP90(bare).padEnd(18)}${medianAndP90(taken).padEnd(20)}${ratio}`);
}
