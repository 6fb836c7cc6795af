/** An example application with one tenant, `bench`, behind the proxy in this process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InstanceName } from '../../src/core/instance.ts';
import { DEFAULT_PROXY_LIMITS, type ServiceConfig } from '../../src/core/service.ts';
import { TurnedAway } from '../../src/core/turned-away.ts';
import { Hypervisor } from '../../src/hypervisor.ts';
import { silentLogger } from '../../src/logger.ts';
import { createProxy } from '../../src/proxy/server.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

export const EXAMPLE_APPS = [
  { label: 'notes (Node)', example: 'notes' },
  { label: 'Flask under gunicorn', example: 'flask' },
];

export interface ExampleApp {
  readonly hypervisor: Hypervisor;
  readonly service: ServiceConfig;
  readonly name: InstanceName;
  /** Of the proxy; the tenant is `bench.localhost`. */
  readonly port: number;
  /** For whatever else the bench starts. */
  readonly dir: string;
  close(): Promise<void>;
}

/** @returns with the tenant ready */
export async function startExample(example: string): Promise<ExampleApp> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const hypervisor = await Hypervisor.load(join(EXAMPLES, example, 'tenement.toml'), { dataDir: join(dir, 'data') });
  const [service] = hypervisor.config.services.values();
  if (service === undefined) throw new Error('no service');
  const name: InstanceName = `${service.name}:bench`;
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
  const close = async () => {
    await proxy.close(0);
    await hypervisor.close();
    rmSync(dir, { recursive: true, force: true });
  };
  return { hypervisor, service, name, port, dir, close };
}
