import { describe, expect, it } from 'vitest';
import { ConnectionRoom, type Guest } from '../../../src/core/admission/connection-room.ts';

class FakeGuest implements Guest {
  readonly client: string | null;
  /** null: busy. */
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

const busy = (client: string | null = 'a') => new FakeGuest(client, null);
const idle = (sinceMs: number, client: string | null = 'a') => new FakeGuest(client, sinceMs);

describe('a room for connections', () => {
  it('lets in as many as there may be, in all and of one client', () => {
    const room = new ConnectionRoom({ inAll: 3, perClient: 2 });
    expect([busy(), busy(), busy(), busy('b'), busy('c')].map((guest) => room.enter(guest, 0))).toEqual([
      'entered',
      'entered',
      'client-full',
      'entered',
      'full',
    ]);
  });

  it('counts nobody by himself who speaks for many', () => {
    const room = new ConnectionRoom({ inAll: 3, perClient: 1 });
    expect([busy(null), busy(null), busy(null)].map((guest) => room.enter(guest, 0))).toEqual(Array(3).fill('entered'));
  });

  it('has room again when one leaves', () => {
    const room = new ConnectionRoom({ inAll: 1, perClient: 1 });
    const first = busy();
    room.enter(first, 0);
    room.leave(first);
    expect(room.enter(busy(), 0)).toBe('entered');
  });

  it('closes the longest idle one for another, of its own client where that has too many', () => {
    const room = new ConnectionRoom({ inAll: 4, perClient: 2 });
    const [older, newer, others] = [idle(0), idle(100), idle(0, 'b')];
    for (const guest of [others, newer, older]) room.enter(guest, 100);
    expect(room.enter(busy(), 2000)).toBe('entered');
    expect([older, newer, others].map(({ gaveWay }) => gaveWay)).toEqual([true, false, false]);
    expect(room.size).toBe(3);
  });

  it('leaves those alone that have just come or been answered, and those that are busy', () => {
    const room = new ConnectionRoom({ inAll: 2, perClient: 0 });
    const guests = [idle(900), busy()];
    for (const guest of guests) room.enter(guest, 900);
    expect(room.enter(busy('b'), 1000)).toBe('full');
    expect(guests.some(({ gaveWay }) => gaveWay)).toBe(false);
  });

  it('asks one that was idle at the last look again before it is closed', () => {
    const room = new ConnectionRoom({ inAll: 2, perClient: 0 });
    const [first, second] = [idle(0), idle(1)];
    for (const guest of [first, second]) room.enter(guest, 1);
    expect(room.enter(busy(), 2000)).toBe('entered');
    second.idleSinceMs = null;
    expect(room.enter(busy(), 2001)).toBe('full');
    expect([first.gaveWay, second.gaveWay]).toEqual([true, false]);
  });
});
