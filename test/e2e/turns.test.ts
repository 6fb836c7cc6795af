import { expect, it } from 'vitest';
import { serve } from './support.ts';

const APP = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';
const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'last'];

it('a request does not wait for the instances that start with the server (bug: 26 starts delayed it by 30 s)', async () => {
  const server = await serve(
    `max_concurrent_starts = 2\n[service.slow]\ncommand = ["sh", "-c", "sleep 4; exec node {fixtures}/tenant.mjs"]\nstartup_timeout = 60\n[instances]\nslow = ${JSON.stringify(IDS)}\n`,
  );
  expect((await server.get('last.localhost')).status).toBe(200);
  const states = JSON.parse((await server.cli('ps', '--json')).stdout).map(({ state }: { state: string }) => state);
  expect(states).toContain('starting');
});

it('two instances that never listen delay no others (bug: a healthy wake took 29 s)', async () => {
  const server = await serve(
    `max_concurrent_starts = 2\n[proxy]\ndefault_service = "app"\n[service.mute]\ncommand = "sleep 1000"\nstartup_timeout = 50\n${APP}`,
  );
  for (const id of ['one', 'two']) await server.cli('spawn', 'mute', '--id', id, '--no-wait');
  await server.cli('spawn', 'app', '--id', 'acme', '--no-start');
  expect((await server.get('acme.localhost')).status).toBe(200);
  for (const id of ['one', 'two']) {
    expect(await server.instance(`mute:${id}`)).toMatchObject({ state: 'starting', restarts: 0 });
  }
});

it('[instances] with start = false are registered, and woken by the first request', async () => {
  const server = await serve(`${APP}[instances]\napp = { ids = ["acme"], start = false }\n`);
  expect(await server.instance('app:acme')).toMatchObject({ state: 'asleep', wakes: 0 });
  expect((await server.get('acme.localhost')).status).toBe(200);
  expect(await server.instance('app:acme')).toMatchObject({ state: 'ready', wakes: 1 });
});
