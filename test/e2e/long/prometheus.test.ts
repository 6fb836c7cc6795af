/** examples/monitoring with a real Prometheus: it scrapes a real server, and each query of the dashboard and the alerts has data. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { missing, program } from '../../apps/needs.ts';
import { freePort } from '../../ports.ts';
import { serve, type TestServer, temporaryDirectory } from '../support.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/monitoring', import.meta.url));
const lacks = missing([program('prometheus', 'prometheus')]).map(({ remedy }) => remedy);
const skips = lacks.length > 0 && process.env['CI'] === undefined;

const CONFIG = `[proxy]\ndefault_service = "app"\n[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\nmemory_limit_mb = 256\n`;

interface Dashboard {
  readonly panels: { readonly title: string; readonly targets?: { readonly expr: string }[] }[];
}

interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly unknown[] };
}

async function startPrometheus(server: TestServer): Promise<string> {
  const dir = temporaryDirectory();
  const token = join(dir, 'token');
  writeFileSync(token, server.token);
  const config = readFileSync(join(EXAMPLE, 'prometheus.yml'), 'utf8')
    .replace('/etc/prometheus/tenement.token', token)
    .replace('127.0.0.1:8000', `127.0.0.1:${server.apiPort}`)
    .replace('scrape_interval: 15s', 'scrape_interval: 1s')
    .replace('alerts.yml', join(EXAMPLE, 'alerts.yml'));
  const file = join(dir, 'prometheus.yml');
  writeFileSync(file, config);
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`--config.file=${file}`, `--storage.tsdb.path=${join(dir, 'data')}`, `--web.listen-address=${address}`];
  const child = spawn('prometheus', args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return `http://${address}`;
}

/** How many series a query has; null: Prometheus does not answer yet. */
async function seriesOf(prometheus: string, query: string): Promise<number | null> {
  const url = `${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`;
  const answer = await fetch(url).then(
    async (response) => (await response.json()) as QueryAnswer,
    () => null,
  );
  if (answer?.status === 'error') throw new Error(`${query}: ${answer.error}`);
  return answer?.data?.result?.length ?? null;
}

function dashboardQueries(): string[] {
  const { panels } = JSON.parse(readFileSync(join(EXAMPLE, 'dashboard.json'), 'utf8')) as Dashboard;
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const values = { $job: 'tenement', $instance: '.*', $__rate_interval: '30s' };
  return queries.map((query) =>
    Object.entries(values).reduce((text, [name, value]) => text.replaceAll(name, value), query),
  );
}

it.skipIf(skips)(
  `each query of the dashboard has data, and each metric of the alerts exists (${lacks.join() || 'needs nothing more'})`,
  { timeout: 240_000 },
  async () => {
    const server = await serve(CONFIG);
    await server.cli('spawn', 'app', '--id', 'acme', '--no-start');
    const prometheus = await startPrometheus(server);
    // Each rate needs two scrapes with requests of each kind between them.
    await expect.poll(() => seriesOf(prometheus, 'up == 1'), { timeout: 60_000 }).toBe(1);
    const queries = dashboardQueries();
    expect(queries.length).toBeGreaterThan(30);
    const empty = async () => {
      await server.get('acme.localhost');
      await server.get('nobody.localhost');
      const found = await Promise.all(
        queries.map(async (query) => [query, await seriesOf(prometheus, query)] as const),
      );
      return found.filter(([, series]) => series === null || series === 0).map(([query]) => query);
    };
    await expect.poll(empty, { timeout: 120_000, interval: 500 }).toEqual([]);
    const { body } = await server.api('/metrics');
    const known = new Set(Array.from(body.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name));
    const alerts = readFileSync(join(EXAMPLE, 'alerts.yml'), 'utf8');
    const used = alerts.match(/\b(?:tenement|nodejs|process)_\w+/g) ?? [];
    const families = used.map((name) => name.replace(/_(bucket|count|sum)$/, ''));
    expect(families.filter((name) => !known.has(name))).toEqual([]);
  },
);

it.skipIf(skips)('the alerts are valid, and fire when they should', () => {
  const promtool = (...args: string[]) => spawnSync('promtool', args, { cwd: EXAMPLE, encoding: 'utf8' });
  expect(promtool('check', 'rules', 'alerts.yml')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('12 rules'),
  });
  expect(promtool('test', 'rules', 'alerts.test.yml')).toMatchObject({ status: 0, stderr: '' });
  expect(promtool('check', 'config', '--syntax-only', 'prometheus.yml')).toMatchObject({ status: 0 });
});
