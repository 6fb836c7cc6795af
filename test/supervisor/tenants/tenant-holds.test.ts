import { describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import type { FakeProcess, World } from '../fakes.ts';
import { settle, world } from '../fakes.ts';

const signal = () => new AbortController().signal;

/** A world in which `api:acme` is ready. */
async function serving(service: Partial<ServiceConfig> = {}) {
  const one = world(service);
  await ready(one, one.supervisor.spawn('api', 'acme'));
  return one;
}

async function ready({ processes }: World, started: Promise<unknown>): Promise<void> {
  await settle();
  latest(processes).becomeReady();
  await started;
}

function latest(processes: readonly FakeProcess[]): FakeProcess {
  const process = processes.at(-1);
  if (process === undefined) throw new Error('nothing was started');
  return process;
}

const state = ({ supervisor }: World) => supervisor.get('api:acme').state;
const claim = ({ supervisor }: World) => supervisor.claim('api:acme', signal());
/** An operation that the test ends. */
function operation() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { run: () => promise, end: () => resolve('done'), fail: reject };
}

describe('a tenant that is held', () => {
  it('has no process while the operation runs, and afterwards serves the requests that came meanwhile', async () => {
    const it = await serving();
    const { run, end } = operation();
    const held = it.supervisor.hold('acme', run);
    await settle();
    expect([state(it), it.processes.length]).toEqual(['asleep', 1]);
    const requests = [claim(it), claim(it)];
    await settle();
    expect(it.processes).toHaveLength(1);
    expect(it.supervisor.get('api:acme').reason).toBe(
      'an operation on its tenant is under way; 2 requests wait for its end',
    );
    end();
    expect(await held).toBe('done');
    await settle();
    latest(it.processes).becomeReady();
    for (const answer of await Promise.all(requests)) expect(answer).toHaveProperty('release');
    expect([state(it), it.processes.length]).toEqual(['ready', 2]);
  });

  it('finishes the requests in flight before the operation begins', async () => {
    const it = await serving();
    const lease = await claim(it);
    const { run, end } = operation();
    let begun = false;
    const held = it.supervisor.hold('acme', () => {
      begun = true;
      return run();
    });
    await settle();
    expect([state(it), begun]).toEqual(['draining', false]);
    if ('release' in lease) lease.release('answered');
    await settle();
    expect(begun).toBe(true);
    end();
    await held;
  });

  it('is released when the operation fails', async () => {
    const it = await serving();
    const { run, fail } = operation();
    const held = it.supervisor.hold('acme', run);
    await settle();
    const request = claim(it);
    fail(new Error('disk is full'));
    await expect(held).rejects.toThrow('disk is full');
    await settle();
    latest(it.processes).becomeReady();
    expect(await request).toHaveProperty('release');
  });

  it('is released after the time limit, which ends the operation', async () => {
    const it = await serving();
    const held = it.supervisor.hold(
      'acme',
      (stop) => new Promise((_, reject) => stop.addEventListener('abort', () => reject(stop.reason))),
    );
    await settle();
    const request = claim(it);
    const failed = expect(held).rejects.toMatchObject({ code: 'hold_timeout' });
    await it.clock.advance(60_000);
    await failed;
    latest(it.processes).becomeReady();
    expect(await request).toHaveProperty('release');
  });

  it('is released when its requests in flight do not end within the time limit, and no operation begins', async () => {
    const it = await serving({ drainTimeoutMs: 120_000 });
    await claim(it);
    const held = it.supervisor.hold('acme', () => Promise.reject(new Error('begun')));
    const failed = expect(held).rejects.toMatchObject({ code: 'hold_timeout' });
    await it.clock.advance(60_000);
    await failed;
    expect(state(it)).toBe('draining');
  });

  it('sleeps on afterwards if it was asleep', async () => {
    const it = world();
    await it.supervisor.spawn('api', 'acme', { start: false });
    await it.supervisor.hold('acme', async () => {});
    await settle();
    expect([state(it), it.processes]).toEqual(['asleep', []]);
  });

  it('is woken by a request to a sleeping instance only afterwards', async () => {
    const it = world();
    await it.supervisor.spawn('api', 'acme', { start: false });
    const { run, end } = operation();
    const held = it.supervisor.hold('acme', run);
    const request = claim(it);
    await settle();
    expect(it.processes).toEqual([]);
    end();
    await held;
    await settle();
    latest(it.processes).becomeReady();
    expect(await request).toHaveProperty('release');
  });

  it('starts only afterwards when an operator asks for it', async () => {
    const it = world();
    await it.supervisor.spawn('api', 'acme', { start: false });
    const { run, end } = operation();
    const held = it.supervisor.hold('acme', run);
    const started = it.supervisor.start('api:acme');
    await settle();
    expect(it.processes).toEqual([]);
    end();
    await held;
    await ready(it, started);
    expect((await started).state).toBe('ready');
  });

  it('is released by the end of the server, which ends the operation', async () => {
    const it = await serving();
    const held = it.supervisor.hold(
      'acme',
      (stop) => new Promise((_, reject) => stop.addEventListener('abort', () => reject(stop.reason))),
    );
    await settle();
    const failed = expect(held).rejects.toMatchObject({ code: 'shutting_down' });
    await it.supervisor.close();
    await failed;
  });
});
