/** The cost of isolation in a wake: the same applications at each level that this host supports, in turn. */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { whyNoSandbox } from '../../src/process/isolation/host/sandbox.ts';
import { get } from './bare.ts';
import { quantile, timed } from './figures.ts';
import { BenchServer } from './server.ts';

const ROUNDS = 31;
const WARM_UPS = 2;
/** How long deferred work of the last wake may take. */
const QUIET_MS = 500;
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
/** Paths are in a copy that includes Node: other users may not be able to read the checkout. */
const APPS = [
  { name: 'notes', command: '["./node", "notes/app.js"]' },
  { name: 'python', command: '["/usr/bin/python3", "python/app.py"]' },
];
const LEVELS = [
  { name: 'process', keys: '' },
  { name: 'process-user', keys: 'user = "dynamic"' },
  { name: 'namespace-root', keys: 'isolation = "namespace"\nuser = "root"' },
  { name: 'namespace', keys: 'isolation = "namespace"' },
  ...(whyNoSandbox('/tmp') === null ? [{ name: 'sandbox', keys: 'isolation = "sandbox"' }] : []),
];

export async function bench(): Promise<void> {
  // A directory that other users may enter.
  mkdirSync('/srv', { recursive: true });
  const dir = mkdtempSync('/srv/tnm-');
  chmodSync(dir, 0o755);
  for (const { name } of APPS) cpSync(join(EXAMPLES, name), join(dir, name), { recursive: true });
  cpSync(process.execPath, join(dir, 'node'));
  const config = join(dir, 'tenement.toml');
  const services = APPS.flatMap((app) =>
    LEVELS.map(({ name, keys }) => `[service.${app.name}-${name}]\ncommand = ${app.command}\n${keys}\n`),
  );
  writeFileSync(config, services.join('\n'));
  const server = await BenchServer.start(config);
  console.log(`wake through the proxy by level of isolation, ms, median (p90) of ${ROUNDS}, interleaved`);
  console.log(`${'application'.padEnd(14)}${LEVELS.map(({ name }) => name.padEnd(18)).join('')}`);
  for (const { name } of APPS) await benchApp(name, server);
  await server.end();
  rmSync(dir, { recursive: true, force: true });
}

async function benchApp(app: string, server: BenchServer): Promise<void> {
  const names = LEVELS.map(({ name }) => `${app}-${name}`);
  for (const name of names) await server.api('POST', `/spawn/${name}/--id=b-${name}`);
  const times = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = -WARM_UPS; round < ROUNDS; round += 1) {
    // Each level comes first equally often.
    const first = (round + WARM_UPS) % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      await server.api('POST', `/api/instances/${name}:b-${name}/sleep`);
      await delay(QUIET_MS);
      const where = { host: '127.0.0.1', port: server.proxyPort };
      const wakeMs = await timed(() => get(where, `b-${name}.${name}.localhost`));
      if (round >= 0) times.get(name)?.push(wakeMs);
    }
  }
  const columns = names.map((name) => {
    const own = times.get(name) ?? [];
    return `${quantile(own, 0.5).toFixed(1)} (${quantile(own, 0.9).toFixed(1)})`.padEnd(18);
  });
  console.log(`${app.padEnd(14)}${columns.join('')}`);
}
