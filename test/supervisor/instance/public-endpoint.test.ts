import { describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import { configOf, type FakeProcess, granted, here, ready, SERVICE, settle, type World, world } from '../fakes.ts';

const PROXIED = { publicSocket: 'proxied' } as const;

function reload(made: World, service: Partial<ServiceConfig>): void {
  made.supervisor.apply(configOf({ ...SERVICE, ...service }, {}));
}

/** Clients are connected to the process, past tenement. */
function connect(made: World, process: FakeProcess, count = 1): void {
  process.connected = count > 0;
  made.connections.set(process.record.bindSocket, count);
}

const stateOf = (made: World) => made.supervisor.get('api:acme').state;

describe('tenement listens at the public socket of an instance', () => {
  it('that is direct only while its process is not ready', async () => {
    const made = world();
    await ready(made);
    expect(made.listening.size).toBe(0);
    await made.supervisor.sleep('api:acme');
    expect(made.listening.get('api:acme')).toEqual({ hasProcess: false });
  });

  it('that is proxied for its whole life', async () => {
    const made = world(PROXIED);
    await made.supervisor.spawn('api', 'acme', { start: false });
    expect(made.listening.get('api:acme')).toEqual({ hasProcess: false });
    await ready(made);
    expect(made.listening.get('api:acme')).toEqual({ hasProcess: true });
    await made.supervisor.sleep('api:acme');
    expect(made.listening.get('api:acme')).toEqual({ hasProcess: false });
    await made.supervisor.remove('api:acme');
    expect(made.listening.size).toBe(0);
  });

  it('that is proxied and suspended', async () => {
    const made = world({ ...PROXIED, idleAction: 'suspend' });
    await ready(made);
    await made.supervisor.sleep('api:acme');
    expect(stateOf(made)).toBe('suspended');
    expect(made.listening.has('api:acme')).toBe(true);
  });
});

describe('an instance whose public socket is proxied', () => {
  it('sleeps at its idle timeout, and no connection is ever looked for', async () => {
    const made = world(PROXIED);
    const process = await ready(made);
    connect(made, process, 3);
    process.connected = false;
    granted(await made.supervisor.claim('api:acme', here())).release();
    await made.clock.advance(59_000);
    expect(stateOf(made)).toBe('ready');
    await made.clock.advance(1000);
    expect(stateOf(made)).toBe('asleep');
    expect(made.looks).toBe(0);
  });

  it('is frozen and thawed without a look at connections', async () => {
    const made = world({ ...PROXIED, idleAction: 'suspend', suspendTimeoutMs: 0 });
    await ready(made);
    await made.clock.advance(90_000);
    expect(stateOf(made)).toBe('suspended');
    granted(await made.supervisor.claim('api:acme', here())).release();
    await made.clock.advance(30_000);
    expect([stateOf(made), made.looks]).toEqual(['ready', 0]);
  });
});

describe('a reload that changes public_socket', () => {
  it('to proxied listens first, then closes the socket of the process; the process stays', async () => {
    const made = world();
    const process = await ready(made);
    process.expose = ({ publicSocket }, serves) => {
      process.exposed.push({ publicSocket, serves });
      expect(made.listening.has('api:acme')).toBe(true);
      return null;
    };
    reload(made, PROXIED);
    expect(process.exposed).toEqual([{ publicSocket: 'proxied', serves: true }]);
    await made.clock.advance(10_000);
    expect([stateOf(made), made.processes.length]).toEqual(['ready', 1]);
  });

  it('to direct publishes the socket of the process first, then stops listening', async () => {
    const made = world(PROXIED);
    const process = await ready(made);
    process.expose = ({ publicSocket }, serves) => {
      process.exposed.push({ publicSocket, serves });
      expect(made.listening.has('api:acme')).toBe(true);
      return null;
    };
    reload(made, {});
    expect(process.exposed).toEqual([{ publicSocket: 'direct', serves: true }]);
    expect(made.listening.size).toBe(0);
  });

  it('goes on listening when the socket of the process cannot be published', async () => {
    const made = world(PROXIED);
    const process = await ready(made);
    process.notExposed = 'no space left on device';
    reload(made, {});
    expect(made.listening.has('api:acme')).toBe(true);
    expect(stateOf(made)).toBe('ready');
  });

  it('does not publish a process that drains', async () => {
    const made = world(PROXIED);
    const process = await ready(made);
    const lease = granted(await made.supervisor.claim('api:acme', here()));
    void made.supervisor.sleep('api:acme');
    await settle();
    reload(made, {});
    expect([stateOf(made), process.exposed]).toEqual(['draining', [{ publicSocket: 'direct', serves: false }]]);
    expect(made.listening.has('api:acme')).toBe(true);
    lease.release();
  });

  it('to direct counts direct connections from then on', async () => {
    const made = world(PROXIED);
    const process = await ready(made);
    reload(made, {});
    connect(made, process);
    await made.clock.advance(200_000);
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'ready', openConnections: 1 });
  });

  it('to proxied is awake for connections of before until they end, and then looks no more', async () => {
    const made = world({ drainTimeoutMs: 600_000 });
    const process = await ready(made);
    connect(made, process);
    reload(made, { ...PROXIED, drainTimeoutMs: 600_000 });
    await made.clock.advance(100_000);
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'ready', openConnections: 1 });
    connect(made, process, 0);
    granted(await made.supervisor.claim('api:acme', here())).release();
    await made.clock.advance(2000);
    const { looks } = made;
    await made.clock.advance(57_000);
    expect([stateOf(made), made.looks]).toEqual(['ready', looks]);
    await made.clock.advance(1000);
    expect(stateOf(made)).toBe('asleep');
  });

  it('to proxied restarts an instance that still has such connections after drain_timeout', async () => {
    const made = world({ drainTimeoutMs: 30_000 });
    const process = await ready(made);
    connect(made, process);
    reload(made, { ...PROXIED, drainTimeoutMs: 30_000 });
    await made.clock.advance(29_000);
    expect(stateOf(made)).toBe('ready');
    await made.clock.advance(3000);
    expect(stateOf(made)).toBe('draining');
    await made.clock.advance(10_000);
    expect(process.terminated.length).toBe(1);
    expect(made.processes.length).toBe(2);
  });

  it('wakes a frozen instance for a request on a connection of before', async () => {
    const made = world({ idleAction: 'suspend', suspendTimeoutMs: 0 });
    const process = await ready(made);
    await made.supervisor.sleep('api:acme');
    connect(made, process);
    reload(made, { ...PROXIED, idleAction: 'suspend', suspendTimeoutMs: 0 });
    expect(stateOf(made)).toBe('suspended');
    process.mail = 'unread';
    await made.clock.advance(2000);
    expect(stateOf(made)).toBe('ready');
  });
});

it('an instance that restarts with direct connections open is not kept awake by their number (bug)', async () => {
  const made = world();
  const process = await ready(made);
  connect(made, process, 2);
  await made.clock.advance(2000);
  const restarted = made.supervisor.restart('api:acme');
  await made.clock.advance(6000);
  connect(made, process, 0);
  made.processes[1]?.becomeReady();
  await restarted;
  await made.clock.advance(2000);
  expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'ready', openConnections: 0 });
});
