/** Rates, connections and quotas of plans, as clients meet them. */
import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { askSocket, beginUpload } from './clients.ts';
import { readProc, serve, type TestServer, writeConfig } from './support.ts';
import type { Answer } from './test-server.ts';

const config = (plan: string, workers = 1, more = '') =>
  `[proxy]\nworkers = ${workers}\ndefault_service = "app"\n[tenants]\ndefault_plan = "free"\n[plan.free]\n${plan}\n` +
  `[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\nidle_timeout = 0\n${more}`;

async function withTenant(toml: string, ...options: string[]): Promise<TestServer> {
  const server = await serve(toml);
  await server.cli('spawn', 'app', '--id', 'acme', ...options);
  return server;
}

/** The connection was lost. */
const NO_ANSWER: Answer = { status: 0, headers: {}, body: '' };

/** Lists the proxy workers of a server. */
function workersOf(server: TestServer): number[] {
  const children = readProc(`/proc/${server.pid}/task/${server.pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.filter((pid) => readProc(`/proc/${pid}/cmdline`).includes('proxy worker'));
}

/** Sends requests on kept connections, each client one after the other, until all of them were sent. */
async function flood(server: TestServer, { clients, requests }: { clients: number; requests: number }) {
  const answers: Answer[] = [];
  let left = requests;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (left > 0) {
        left -= 1;
        answers.push(await server.get('acme.localhost', '/', { agent }).catch(() => NO_ANSWER));
      }
      agent.destroy();
    }),
  );
  return answers;
}

const countOf = (answers: readonly Answer[], status: number) => answers.filter((one) => one.status === status).length;

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

  it('is never passed when the server is killed in between, and lacks at most what was reserved', async () => {
    const toml = config('quota = { requests = "300/month" }', 2);
    const server = await withTenant(toml);
    const before = countOf(await flood(server, { clients: 8, requests: 150 }), 200);
    await server.stop('SIGKILL');
    await server.start();
    const after = countOf(await flood(server, { clients: 8, requests: 300 }), 200);
    expect(before).toBe(150);
    expect(before + after).toBeLessThanOrEqual(300);
    // A hundredth is reserved at a time, and the next hundredth ahead of its use.
    expect(before + after).toBeGreaterThanOrEqual(300 - 6);
  });

  it('is never passed when workers are killed in between', async () => {
    const server = await withTenant(config('quota = { requests = "2000/month" }', 2));
    const requests = flood(server, { clients: 8, requests: 2200 });
    for (const pid of workersOf(server)) {
      const { requests: before } = await server.instance('app:acme');
      await expect.poll(async () => (await server.instance('app:acme')).requests).toBeGreaterThan(before + 200);
      process.kill(pid, 'SIGKILL');
    }
    const answers = await requests;
    // Many of the first ones met no worker.
    while (countOf(answers, 429) === 0) answers.push(...(await flood(server, { clients: 8, requests: 100 })));
    const served = countOf(answers, 200);
    expect(served).toBeLessThanOrEqual(2000);
    // What a killed worker had been lent, and requests whose answers were lost with it.
    expect(served).toBeGreaterThan(2000 - 60);
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

describe('a quota of what is measured', () => {
  it.each(['awake = "2s/hour"', 'egress = "20kB/hour"', 'cpu = "100ms/hour"'])(
    'refuses requests once %s is used',
    async (quota) => {
      const server = await withTenant(config(`quota = { ${quota} }`));
      await expect
        .poll(() => server.get('acme.localhost', '/headers', { headers: { 'x-large': 'x'.repeat(2000) } }), {
          timeout: 30_000,
        })
        .toMatchObject({ status: 429, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
      const { stdout } = await server.cli('events', '--json');
      expect(stdout).toContain('quota-100');
    },
  );
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

describe('a rate', () => {
  it('admits a burst and then so many requests each second, with any number of workers', async () => {
    const server = await withTenant(config('rate = "20/s burst 40"', 2));
    const begunMs = performance.now();
    const perSecond: number[] = [];
    let refused: Answer | null = null;
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        while (performance.now() - begunMs < 4000) {
          const answer = await server.get('acme.localhost', '/', { agent });
          const second = Math.floor((performance.now() - begunMs) / 1000);
          if (answer.status === 200) perSecond[second] = (perSecond[second] ?? 0) + 1;
          else refused = answer;
        }
        agent.destroy();
      }),
    );
    const all = perSecond.reduce((sum, count) => sum + count, 0);
    const tookS = (performance.now() - begunMs) / 1000;
    expect(all).toBeLessThanOrEqual(40 + 20 * tookS);
    expect(all).toBeGreaterThan(40 + 20 * 4 - 8);
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(refused).toMatchObject({ headers: { 'ratelimit-policy': '"rate";q=20;w=1;tenement-burst=40' } });
  });
});
