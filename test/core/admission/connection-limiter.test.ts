import { describe, expect, it } from 'vitest';
import { ConnectionLimiter, type TrackedConnection } from '../../../src/core/admission/connection-limiter.ts';

class FakeConnection implements TrackedConnection {
  readonly client: string | null;
  /** Since when the connection is idle; null: busy. */
  idleSinceMs: number | null;
  gaveWay = false;

  constructor(client: string | null, idleSinceMs: number | null) {
    this.client = client;
    this.idleSinceMs = idleSinceMs;
  }

  idleMs(nowMs: number): number {
    return this.idleSinceMs === null ? 0 : nowMs - this.idleSinceMs;
  }

  giveWay(): void {
    this.gaveWay = true;
  }
}

const busy = (client: string | null = 'a') => new FakeConnection(client, null);
const idle = (sinceMs: number, client: string | null = 'a') => new FakeConnection(client, sinceMs);

describe('a connection limiter', () => {
  it('admits connections up to the limits, in all and per client', () => {
    const limiter = new ConnectionLimiter({ inAll: 3, perClient: 2 });
    expect([busy(), busy(), busy(), busy('b'), busy('c')].map((connection) => limiter.enter(connection, 0))).toEqual([
      'entered',
      'entered',
      'client-full',
      'entered',
      'full',
    ]);
  });

  it('applies no limit per client to an address that stands for many', () => {
    const limiter = new ConnectionLimiter({ inAll: 3, perClient: 1 });
    expect([busy(null), busy(null), busy(null)].map((connection) => limiter.enter(connection, 0))).toEqual(
      Array(3).fill('entered'),
    );
  });

  it('has room again when a connection closes', () => {
    const limiter = new ConnectionLimiter({ inAll: 1, perClient: 1 });
    const first = busy();
    limiter.enter(first, 0);
    limiter.leave(first);
    expect(limiter.enter(busy(), 0)).toBe('entered');
  });

  it('closes the longest idle connection for a new one, and of its own client if that has too many', () => {
    const limiter = new ConnectionLimiter({ inAll: 4, perClient: 2 });
    const [older, newer, others] = [idle(0), idle(100), idle(0, 'b')];
    for (const connection of [others, newer, older]) limiter.enter(connection, 100);
    expect(limiter.enter(busy(), 2000)).toBe('entered');
    expect([older, newer, others].map(({ gaveWay }) => gaveWay)).toEqual([true, false, false]);
    expect(limiter.size).toBe(3);
  });

  it('closes no connection that is new, just answered or busy', () => {
    const limiter = new ConnectionLimiter({ inAll: 2, perClient: 0 });
    const connections = [idle(900), busy()];
    for (const connection of connections) limiter.enter(connection, 900);
    expect(limiter.enter(busy('b'), 1000)).toBe('full');
    expect(connections.some(({ gaveWay }) => gaveWay)).toBe(false);
  });

  it('checks again that a connection is idle before closing it', () => {
    const limiter = new ConnectionLimiter({ inAll: 2, perClient: 0 });
    const [first, second] = [idle(0), idle(1)];
    for (const connection of [first, second]) limiter.enter(connection, 1);
    expect(limiter.enter(busy(), 2000)).toBe('entered');
    second.idleSinceMs = null;
    expect(limiter.enter(busy(), 2001)).toBe('full');
    expect([first.gaveWay, second.gaveWay]).toEqual([true, false]);
  });
});
