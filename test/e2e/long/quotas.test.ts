/** Quotas over kills of the server and of workers, of what is measured, and rates over seconds. */
import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { config, countOf, flood, floodUntilRefused, withTenant, workersOf } from '../quota-clients.ts';
import type { Answer } from '../test-server.ts';

describe('a quota of requests', () => {
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
    // As many as it takes: those that meet no worker fail in no time.
    const requests = floodUntilRefused(server, 8);
    for (const pid of workersOf(server)) {
      const { requests: before } = await server.instance('app:acme');
      await expect.poll(async () => (await server.instance('app:acme')).requests).toBeGreaterThan(before + 200);
      process.kill(pid, 'SIGKILL');
    }
    const answers = await requests;
    const served = countOf(answers, 200);
    expect(served).toBeLessThanOrEqual(2000);
    // What a killed worker had been lent, and requests whose answers were lost with it.
    expect(served).toBeGreaterThan(2000 - 60);
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
