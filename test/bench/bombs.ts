/**
 * A fork bomb and a memory bomb in one tenant with limits, and what another tenant's clients notice of it. Compared
 * with a tenant that is merely busy with as much of the processor as the limit of the bombs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchServer } from './server.ts';
import { PER_SECOND, shown, steadyLoad, warmUp } from './steady-load.ts';

const appAt = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const HOST = 'other.app.localhost';
const CAPS = 'memory_limit_mb = 128\npids_limit = 64\ncpu_limit = 0.5\ncpu_shares = 10\nidle_timeout = 0';
const bomb = (name: string, env: string) =>
  `[service.${name}]\ncommand = ["node", "${appAt('./bomb-app.ts')}"]\n${CAPS}\n[service.${name}.env]\nBOMB = "${env}"\n`;
const CONFIG = `[settings]
backoff_base_ms = 50
backoff_max_ms = 50
max_restarts = 100000
[service.app]
command = ["node", "${appAt('./body-app.ts')}"]
${bomb('busy', 'busy')}${bomb('fork', 'fork')}${bomb('memory', 'memory')}`;

export async function bench(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const config = join(dir, 'tenement.toml');
  writeFileSync(config, CONFIG);
  const server = await BenchServer.start(config);
  await server.api('POST', '/spawn/app/--id=other');
  await warmUp(server.proxyPort, HOST);
  console.log(`another tenant's p50 and p99 in ms (${PER_SECOND} requests/s), beside a tenant with limits`);
  console.log('beside          p50 p99        errors  the tenant');
  const alone = await steadyLoad(server.proxyPort, HOST);
  console.log(`${'nobody'.padEnd(16)}${shown(alone).padEnd(15)}${alone.errors}`);
  for (const service of ['busy', 'fork', 'memory']) {
    await server.api('POST', `/spawn/${service}/--id=bad`);
    const beside = await steadyLoad(server.proxyPort, HOST);
    const { state, restarts, memoryBytes, lastExit } = JSON.parse(
      await server.api('GET', `/api/instances/${service}:bad`),
    );
    const memory = memoryBytes === null ? '' : `, ${Math.round(memoryBytes / 1024 / 1024)} MB`;
    const end = lastExit === null ? '' : `, last exit ${lastExit.reason}`;
    const line = `${state}, ${restarts} restarts${memory}${end}`;
    console.log(`${service.padEnd(16)}${shown(beside).padEnd(15)}${String(beside.errors).padEnd(8)}${line}`);
    await server.api('POST', `/api/instances/${service}:bad/stop`);
  }
  await server.end();
  rmSync(dir, { recursive: true, force: true });
}
