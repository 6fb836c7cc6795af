import { expect, test } from 'vitest';
import { tokenActor } from '../../src/core/access/actor.ts';
import { instanceName } from '../../src/core/lifecycle/instance.ts';
import { configOf, SERVICE, settle, world } from './fakes.ts';

const CI = tokenActor({ id: 'a1', name: 'ci' }, '192.0.2.1');

function started() {
  const made = world({ idleTimeoutMs: 5000 });
  const told = () => made.eventLog.map(({ type, actor }) => `${type} by ${actor}`);
  return { ...made, told };
}

type Started = ReturnType<typeof started>;

async function spawned(made: Started): Promise<void> {
  const done = made.supervisor
    .by(CI)
    .spawn('api', 'acme', { env: { KEY: 'secret-value' }, limits: { memoryLimitMb: 64 } });
  await settle();
  made.processes.at(-1)?.becomeReady();
  await done;
}

test("a registration and its start are the actor's, with the names of its variables and without their values", async () => {
  const made = started();
  await spawned(made);
  expect(made.told()).toEqual(['spawned by ci', 'started by ci', 'ready by ci']);
  expect(made.eventLog[0]).toMatchObject({
    tenant: 'acme',
    tokenId: 'a1',
    address: '192.0.2.1',
    data: { env: ['KEY'], limits: { memoryLimitMb: 64 } },
  });
  expect(JSON.stringify(made.eventLog)).not.toContain('secret-value');
});

test('a stop is ascribed to the operator also when the process ends later', async () => {
  const made = started();
  await spawned(made);
  const stopped = made.supervisor.stop('api:acme');
  await made.clock.advance(10_000);
  await stopped;
  expect(made.told().at(-1)).toBe('stopped by cli');
});

test("a wake is the request's, idle sleep and a crash are the system's", async () => {
  const made = started();
  await spawned(made);
  await made.clock.advance(60_000);
  expect(made.told().at(-1)).toBe('slept by system');
  const claim = made.supervisor.claim(instanceName('api', 'acme'), new AbortController().signal);
  await settle();
  made.processes.at(-1)?.becomeReady();
  await claim;
  expect(made.told().slice(-2)).toEqual(['woke by request', 'ready by request']);
  made.processes.at(-1)?.exit(1);
  await settle();
  expect(made.told().filter((text) => text.startsWith('crashed'))).toEqual(['crashed by system']);
});

test("an operator's spawn of a sleeper is no request", async () => {
  const made = started();
  await made.supervisor.spawn('api', 'acme', { start: false });
  const woken = made.supervisor.by(CI).spawn('api', 'acme');
  await settle();
  made.processes.at(-1)?.becomeReady();
  await woken;
  expect(made.eventLog.at(-2)).toMatchObject({ type: 'woke', message: 'woken by an operator', actor: 'ci' });
});

test("a restart after a reload is the config's", async () => {
  const made = started();
  await spawned(made);
  made.supervisor.apply(configOf({ ...SERVICE, command: ['other'] }, {}));
  await made.clock.advance(10_000);
  made.processes.at(-1)?.becomeReady();
  await settle();
  expect(made.told().slice(-2)).toEqual(['restarted by config', 'ready by config']);
});

test('a removal names who asked for it', async () => {
  const made = started();
  await made.supervisor.spawn('api', 'acme', { start: false });
  await made.supervisor.by(CI).remove('api:acme', { purge: true });
  expect(made.eventLog.at(-1)).toMatchObject({ type: 'removed', tenant: 'acme', actor: 'ci', data: { purged: true } });
});
