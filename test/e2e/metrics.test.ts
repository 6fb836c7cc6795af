/** `GET /metrics` of a real server, as Prometheus reads it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { missing, program } from '../apps/needs.ts';
import { serve, serveAll, type TestServer } from './support.ts';
import { config as withWorkers } from './worker-processes.ts';

const lacks = missing([program('promtool', 'prometheus')]).map(({ remedy }) => remedy);

const CONFIG = `[proxy]\ndefault_service = "app"\n[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n`;

/** Returns the values of a metric's samples, by their labels. */
async function samplesOf(server: TestServer, name: string): Promise<Record<string, number>> {
  const { body } = await server.api('/metrics');
  const found = body.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'));
  return Object.fromEntries(Array.from(found, ([, labels = '', value]) => [labels, Number(value)]));
}

describe('metrics', () => {
  const running = serveAll(CONFIG);

  it.skipIf(lacks.length > 0 && process.env['CI'] === undefined)(
    `satisfy promtool (${lacks.join() || 'needs nothing more'})`,
    async () => {
      const server = running();
      await server.get('nobody.localhost');
      await server.cli('spawn', 'app', '--id', 'checked');
      await server.get('checked.localhost');
      const { body, headers } = await server.api('/metrics');
      expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
      const promtool = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
      promtool.stdin.end(body);
      const [said, complained, [status]] = await Promise.all([
        text(promtool.stdout),
        text(promtool.stderr),
        once(promtool, 'exit'),
      ]);
      expect({ said, complained, status }).toEqual({ said: '', complained: '', status: 0 });
    },
  );

  it('have the time to the head of each answer, by service and class of status, and how long wakes took', async () => {
    const server = running();
    await server.cli('spawn', 'app', '--id', 'timed', '--no-start');
    const counted = () => samplesOf(server, 'tenement_http_request_duration_seconds_count');
    const before = await counted();
    await server.get('timed.localhost');
    await server.get('timed.localhost', '/health');
    const socket = new WebSocket(`ws://127.0.0.1:${server.proxyPort}/`, { headers: { host: 'timed.localhost' } });
    await once(socket, 'open');
    const ok = 'service="app",code="2xx"';
    const switched = 'service="app",code="1xx"';
    const after = await counted();
    expect({ ok: (after[ok] ?? 0) - (before[ok] ?? 0), switched: after[switched] }).toEqual({ ok: 2, switched: 1 });
    socket.close();
    const wakes = await samplesOf(server, 'tenement_wake_duration_seconds_count');
    expect(wakes['service="app"']).toBeGreaterThan(0);
    const seconds = (await samplesOf(server, 'tenement_wake_duration_seconds_sum'))['service="app"'];
    const { lastWakeMs } = await server.instance('app:timed');
    expect((seconds ?? 0) * 1000).toBeGreaterThanOrEqual(lastWakeMs ?? Number.POSITIVE_INFINITY);
  });

  it('count what the proxy refuses, by code', async () => {
    const server = running();
    const refused = () => samplesOf(server, 'tenement_http_refused_requests_total');
    const before = await refused();
    await server.get('nobody.localhost');
    await server.get('nobody.localhost', '/', { headers: { connection: 'Upgrade', upgrade: 'websocket' } });
    await server.cli('spawn', 'app', '--id', 'halted', '--no-start');
    await server.cli('stop', 'app:halted');
    await server.get('halted.localhost');
    const after = await refused();
    const grown = (code: string) => (after[`code="${code}"`] ?? 0) - (before[`code="${code}"`] ?? 0);
    expect({ unknown: grown('unknown_tenant'), stopped: grown('stopped') }).toEqual({ unknown: 2, stopped: 1 });
  });
});

it('metrics add up what the proxy workers have measured', async () => {
  const server = await serve(withWorkers());
  await server.cli('spawn', 'app', '--id', 'summed');
  await Promise.all(Array.from({ length: 50 }, () => server.get('summed.localhost')));
  await server.get('nobody.localhost');
  await expect
    .poll(() => samplesOf(server, 'tenement_http_request_duration_seconds_count'))
    .toEqual({ 'service="app",code="2xx"': 50 });
  await expect
    .poll(() => samplesOf(server, 'tenement_http_refused_requests_total'))
    .toEqual({ 'code="unknown_tenant"': 1 });
});

it('metrics_per_tenant = false adds tenants up by service, and forgets nothing of one that is removed', async () => {
  const server = await serve(`[api]\nmetrics_per_tenant = false\n${CONFIG}`);
  for (const id of ['one', 'two']) await server.cli('spawn', 'app', '--id', id);
  for (const id of ['one', 'two', 'two']) await server.get(`${id}.localhost`);
  const requests = () => samplesOf(server, 'tenement_instance_requests_total');
  expect(await requests()).toEqual({ 'service="app"': 3 });
  await expect.poll(() => samplesOf(server, 'tenement_tenant_requests_total')).toEqual({ '': 3 });
  await server.cli('rm', 'app:two', '--yes');
  expect(await requests()).toEqual({ 'service="app"': 3 });
  await server.get('one.localhost');
  expect(await requests()).toEqual({ 'service="app"': 4 });
  expect((await server.api('/metrics')).body).not.toContain('tenant="');
});
