import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { askSocket, beginUpload } from './clients.ts';
import { config, countOf, flood, withTenant } from './quota-clients.ts';
import { writeConfig } from './support.ts';

describe('a quota of requests', () => {
  it('is forwarded exactly, by two workers to twenty clients, and the next ones are told when it ends', async () => {
    const server = await withTenant(config('quota = { requests = "500/month" }', 2));
    const answers = await flood(server, { clients: 20, requests: 700 });
    expect([countOf(answers, 200), countOf(answers, 429)]).toEqual([500, 200]);
    expect(await server.instance('app:acme')).toMatchObject({ requests: 500 });
    const { headers, body } = await server.get('acme.localhost');
    const next = new Date();
    const leftS = (Date.UTC(next.getUTCFullYear(), next.getUTCMonth() + 1) - next.getTime()) / 1000;
    expect(Math.abs(Number(headers['retry-after']) - leftS)).toBeLessThan(60);
    expect(headers['ratelimit']).toMatch(/^"requests";r=0;t=\d+$/);
    expect(headers['ratelimit-policy']).toMatch(/^"requests";q=500;w=\d+$/);
    expect(JSON.parse(body)).toMatchObject({ status: 429, code: 'quota_exceeded' });
    const { stdout } = await server.cli('events', '--json');
    const types = stdout.split('\n').flatMap((line) => line.match(/"quota-\d+"/) ?? []);
    expect(types).toEqual(['"quota-80"', '"quota-100"']);
  });

  it('is shared by the proxy and the public socket', async () => {
    const server = await withTenant(config('quota = { requests = "3/month" }'));
    const { socket } = await server.instance('app:acme');
    const statuses: number[] = [];
    for (let count = 0; count < 2; count += 1) {
      statuses.push((await askSocket(socket ?? '')).status, (await server.get('acme.localhost')).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect((await askSocket(socket ?? '')).headers['ratelimit']).toContain('"requests";r=0');
  });

  it('is kept to the unit when the server ends in order', async () => {
    const server = await withTenant(config('quota = { requests = "40/day" }'));
    expect(countOf(await flood(server, { clients: 2, requests: 25 }), 200)).toBe(25);
    await server.stop();
    await server.start();
    await server.cli('start', 'app:acme');
    expect(countOf(await flood(server, { clients: 2, requests: 25 }), 200)).toBe(15);
  });

  it('counts a WebSocket once, and neither wakes the instance nor counts what it refuses', async () => {
    const server = await withTenant(config('quota = { requests = "2/month" }'), '--no-start');
    const socket = new WebSocket(`ws://127.0.0.1:${server.proxyPort}/echo`, { headers: { host: 'acme.localhost' } });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    for (let count = 0; count < 5; count += 1) socket.send('hello');
    expect(await server.get('other.localhost')).toMatchObject({ status: 404 });
    expect(await server.get('acme.localhost')).toMatchObject({ status: 200 });
    expect(await server.get('acme.localhost')).toMatchObject({ status: 429 });
    socket.close();
    await server.cli('sleep', 'app:acme');
    // The WebSocket is still counted after its end.
    expect(await server.get('acme.localhost')).toMatchObject({ status: 429 });
    expect(await server.instance('app:acme')).toMatchObject({ state: 'asleep', wakes: 1 });
  });

  it('ends at once when the plan is given more', async () => {
    const server = await withTenant(config('quota = { requests = "1/month" }', 2));
    expect(countOf(await flood(server, { clients: 1, requests: 3 }), 200)).toBe(1);
    writeConfig(server.configFile, config('quota = { requests = "4/month" }', 2));
    await expect.poll(() => server.get('acme.localhost')).toMatchObject({ status: 200 });
    expect(countOf(await flood(server, { clients: 2, requests: 9 }), 200)).toBe(2);
  });

  it('is shown with its tenant, which is served at once on a plan with more', async () => {
    const pro = '[plan.pro]\nquota = { requests = "4/month" }\n';
    const server = await withTenant(config('quota = { requests = "2/month" }', 2, pro));
    await flood(server, { clients: 2, requests: 9 });
    const { stdout } = await server.cli('tenant', 'show', 'acme');
    expect(stdout).toContain('acme is over_quota\n');
    expect(stdout).toMatch(/requests quota +2 of 2 this month, renewed in \d/);
    await server.cli('tenant', 'set', 'acme', '--plan', 'pro');
    expect(countOf(await flood(server, { clients: 2, requests: 9 }), 200)).toBe(2);
    expect(JSON.parse((await server.cli('tenant', 'show', 'acme', '--json')).stdout)).toMatchObject({
      state: 'over_quota',
      quotas: [{ meter: 'requests', used: 4, limit: 4, period: 'month' }],
    });
  });
});

describe('max_connections', () => {
  it('bounds the requests that are open at once, and admits the next one when one has ended', async () => {
    const server = await withTenant(config('max_connections = 2', 2));
    const uploads = [1, 2].map(() => beginUpload(server.proxyPort, 'acme.localhost', '/echo'));
    await expect.poll(() => server.instance('app:acme')).toMatchObject({ inFlight: 2 });
    const refused = await server.get('acme.localhost');
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(refused.headers['ratelimit-policy']).toBe('"connections";q=2;qu="concurrent-requests"');
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'rate_limited' });
    await uploads[0]?.end();
    await expect.poll(() => server.get('acme.localhost')).toMatchObject({ status: 200 });
    await uploads[1]?.end();
  });
});
