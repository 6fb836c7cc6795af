import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { serve, type TestServer } from './support.ts';

const SLEEPERS = Array.from({ length: 12 }, (_, index) => `s${index}`);
const APP = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';
const IDS = JSON.stringify(['work', ...SLEEPERS]);

/** Requests as a trusted front server would, for this client. */
const as = (client: string) => ({ headers: { 'x-forwarded-for': client } });

describe.each([1, 2])('with %i proxy processes', (workers) => {
  it('a client of twelve sleeping instances costs a tenant at work no answer (bug: half of them were 503)', async () => {
    const server = await serve(
      `max_running = 4\n[proxy]\nworkers = ${workers}\ntrusted_proxies = ["127.0.0.1"]\n${APP}[instances]\napp = { ids = ${IDS}, start = false }\n`,
    );
    const first = await server.get('work.localhost', '/', as('192.0.2.2'));
    const storm = visit(server);
    const answers = [first];
    while (storm.goesOn) {
      answers.push(await server.get('work.localhost', '/', as('192.0.2.2')));
      await pause(100);
    }
    const pids = answers.map(({ status, body }) => (status === 200 ? JSON.parse(body).pid : status));
    expect(new Set(pids)).toEqual(new Set([JSON.parse(first.body).pid]));
    // Some requests are served, the others told to retry.
    const seen = await storm.statuses;
    expect(seen.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(seen).toContain(200);
  });
});

/** Requests all sleeping instances at once, three times. */
function visit(server: TestServer) {
  const storm = { goesOn: true, statuses: Promise.resolve<number[]>([]) };
  const rounds = async () => {
    const statuses: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(SLEEPERS.map((id) => server.get(`${id}.localhost`, '/', as('192.0.2.1'))));
      statuses.push(...answers.map(({ status }) => status));
    }
    return statuses;
  };
  storm.statuses = rounds().finally(() => {
    storm.goesOn = false;
  });
  return storm;
}

it('with idle_timeout = 0 an instance is never evicted, and check and serve say when that leaves others out', async () => {
  const server = await serve(`max_running = 1\n${APP}idle_timeout = 0\n[instances]\napp = ["one", "two"]\n`);
  expect((await server.get('one.localhost')).status).toBe(200);
  const { status, headers } = await server.get('two.localhost');
  expect([status, headers['retry-after']]).toEqual([503, '1']);
  expect((await server.instance('app:one')).state).toBe('ready');
  const warning = /2 instances with idle_timeout = 0 are never put to sleep, but settings\.max_running = 1/;
  expect((await server.cli('check')).stdout).toMatch(warning);
  expect(server.stderr).toMatch(warning);
});
