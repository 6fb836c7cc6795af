/** OpenTelemetry: spans of requests and wakes at a collector, and `traceparent` at the tenant. */
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { leaveHalfWay } from '../clients.ts';
import { Collector } from '../collector.ts';
import { serve, type TestServer } from '../support.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

const config = (telemetry: string, proxy = '') =>
  `[proxy]\ndefault_service = "app"\n${proxy}${telemetry}[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n`;

async function collector(): Promise<Collector> {
  const made = new Collector();
  await made.listen();
  onTestFinished(() => made.close());
  return made;
}

const to = ({ url }: Collector, more = '') => `[telemetry]\notlp = "${url}"\n${more}`;

/** Returns the fields that the tenant got, by name in lower case. */
async function fieldsAt(server: TestServer, headers: Record<string, string>): Promise<Record<string, string>> {
  const { raw } = JSON.parse((await server.get('acme.localhost', '/headers', { headers })).body) as { raw: string[] };
  return Object.fromEntries(
    raw.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? '']] : [])),
  );
}

async function withTenant(toml: string): Promise<TestServer> {
  const server = await serve(toml);
  await server.cli('spawn', 'app', '--id', 'acme', '--no-start');
  return server;
}

/** Settles when the collector has a span of this path. */
async function spanOf(collected: Collector, path: string) {
  await expect.poll(() => collected.spans.map(({ attributes }) => attributes['url.path'])).toContain(path);
  return collected.spans.find(({ attributes }) => attributes['url.path'] === path) ?? expect.fail();
}

it('without [telemetry], traceparent and tracestate pass as they are', async () => {
  const server = await withTenant(config(''));
  const trace = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'vendor=1, other=2' };
  expect(await fieldsAt(server, trace)).toMatchObject(trace);
  expect(await fieldsAt(server, { ...trace, traceparent: 'as odd as it is' })).toMatchObject({
    traceparent: 'as odd as it is',
  });
  expect(await fieldsAt(server, {})).not.toHaveProperty('traceparent');
});

describe('with [telemetry]', () => {
  it.each([
    ['in the server', ''],
    ['in proxy workers', 'workers = 2\n'],
  ])('a request is a span that the tenant continues, and a wake is its child, %s', async (_where, proxy) => {
    const collected = await collector();
    const server = await withTenant(config(to(collected, 'service_name = "edge"\n'), proxy));
    const state = 'vendor=1';
    const got = await fieldsAt(server, { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: state });
    const span = await spanOf(collected, '/headers');
    expect(span).toMatchObject({
      name: 'GET',
      traceId: TRACE,
      parentSpanId: PARENT,
      isError: false,
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'url.scheme': 'http',
        'server.address': 'acme.localhost',
        'tenement.instance': 'app:acme',
        'tenement.tenant': 'acme',
      },
    });
    expect(got).toMatchObject({ traceparent: `00-${TRACE}-${span.spanId}-01`, tracestate: state });
    const wake = collected.spans.find(({ name }) => name === 'wake');
    expect(wake).toMatchObject({ traceId: TRACE, parentSpanId: span.spanId });
    expect(wake?.durationMs).toBeLessThanOrEqual(span.durationMs);
    expect([...collected.services]).toEqual(['edge']);
  });

  it('a request without a trace begins one, and the tracestate of an invalid one is dropped', async () => {
    const collected = await collector();
    const server = await withTenant(config(to(collected)));
    const got = await fieldsAt(server, { traceparent: 'broken', tracestate: 'vendor=1' });
    const span = await spanOf(collected, '/headers');
    expect(got['traceparent']).toBe(`00-${span.traceId}-${span.spanId}-01`);
    expect(got).not.toHaveProperty('tracestate');
    expect(span.parentSpanId).toBe('');
  });

  it('errors say what failed', async () => {
    const collected = await collector();
    const server = await withTenant(config(to(collected)));
    await server.get('nobody.localhost', '/unknown');
    await server.get('acme.localhost', '/crash', { method: 'POST' });
    await leaveHalfWay(server.proxyPort, 'acme.localhost', '/hang');
    expect(await spanOf(collected, '/unknown')).toMatchObject({
      isError: false,
      attributes: { 'http.response.status_code': 404, 'error.type': 'unknown_tenant' },
    });
    expect(await spanOf(collected, '/crash')).toMatchObject({
      isError: true,
      attributes: { 'http.response.status_code': 502, 'error.type': 'upstream_failed' },
    });
    expect(await spanOf(collected, '/hang')).toMatchObject({
      isError: true,
      attributes: { 'error.type': 'client_disconnected' },
    });
  });

  it('an upgrade is a span that ends with the switch', async () => {
    const collected = await collector();
    const server = await withTenant(config(to(collected)));
    const socket = new WebSocket(`ws://127.0.0.1:${server.proxyPort}/ws`, { headers: { host: 'acme.localhost' } });
    await once(socket, 'open');
    expect(await spanOf(collected, '/ws')).toMatchObject({ attributes: { 'http.response.status_code': 101 } });
    socket.close();
  });

  it('a share of traces is recorded, and the tenant is told of the others, too', async () => {
    const collected = await collector();
    const server = await withTenant(config(to(collected, 'sample = 0.0\n')));
    const got = await fieldsAt(server, { traceparent: `00-${TRACE}-${PARENT}-01` });
    expect(got['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    await server.stop();
    expect(collected.requests).toBe(0);
  });

  it('what is left is sent when the server ends, which a collector that is down does not delay', async () => {
    const collected = await collector();
    const server = await withTenant(config(to(collected)));
    await server.get('acme.localhost', '/health');
    await server.stop();
    expect(collected.spans.map(({ name }) => name).sort()).toEqual(['GET', 'wake']);
    const without = await withTenant(config('[telemetry]\notlp = "http://127.0.0.1:9"\n'));
    await without.get('acme.localhost', '/health');
    const beganAtMs = performance.now();
    expect(await without.stop()).toBe(0);
    expect(performance.now() - beganAtMs).toBeLessThan(15_000);
    expect(without.stderr).toContain('the collector of [telemetry] takes no spans');
  });
});
