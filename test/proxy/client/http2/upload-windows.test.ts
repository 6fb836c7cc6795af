import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FIRST_WINDOW_BYTES, UploadWindows } from '../../../../src/proxy/client/http2/upload-windows.ts';
import { UploadedBody } from '../../../../src/proxy/client/http2/uploaded-body.ts';
import { WindowBudget } from '../../../../src/proxy/client/http2/window-budget.ts';

const MB = 1024 * 1024;

/** A connection whose client goes by a window when it is told to. */
class Connection {
  readonly windows: UploadWindows;
  /** The size that the client goes by. */
  windowBytes = FIRST_WINDOW_BYTES;
  private announced: (() => void) | null = null;

  constructor(budget: WindowBudget) {
    this.windows = new UploadWindows(budget, (bytes, onApplied) => {
      this.announced = () => {
        this.windowBytes = bytes;
        onApplied();
      };
    });
  }

  apply(): void {
    while (this.announced !== null) {
      const { announced } = this;
      this.announced = null;
      announced();
    }
  }

  /** A body that is read, so that its window grows if it may. */
  upload(): UploadedBody {
    const body = new UploadedBody(this.windows);
    body.received(FIRST_WINDOW_BYTES + 1);
    return body;
  }
}

describe('the window of an upload', () => {
  test('grows when the body is read beyond the first window, and not before', () => {
    const connection = new Connection(new WindowBudget(1));
    const body = new UploadedBody(connection.windows);
    body.received(FIRST_WINDOW_BYTES);
    connection.apply();
    expect(connection.windowBytes).toBe(FIRST_WINDOW_BYTES);
    body.received(1);
    connection.apply();
    expect(connection.windowBytes).toBe(FIRST_WINDOW_BYTES + 4 * MB);
  });

  test('is a part of what all uploads of the connection share', () => {
    const connection = new Connection(new WindowBudget(1));
    const bodies = Array.from({ length: 20 }, () => connection.upload());
    connection.apply();
    expect(connection.windowBytes).toBe(FIRST_WINDOW_BYTES + (4 * MB) / 32);
    for (const body of bodies.slice(2)) body.end();
    connection.apply();
    expect(connection.windowBytes).toBe(FIRST_WINDOW_BYTES + (4 * MB) / 2);
  });

  test('is kept from one upload to the next, and not for longer', () => {
    const connection = new Connection(new WindowBudget(1));
    connection.upload().end();
    connection.windows.look();
    connection.upload().end();
    connection.windows.look();
    connection.apply();
    expect(connection.windowBytes).toBe(FIRST_WINDOW_BYTES + 4 * MB);
    connection.windows.look();
    connection.apply();
    expect(connection.windowBytes).toBe(FIRST_WINDOW_BYTES);
  });

  test('stays the first one when others have the budget, until one of them ends', () => {
    const budget = new WindowBudget(1);
    const others = Array.from({ length: 200 }, () => new Connection(budget));
    for (const other of others) other.upload();
    const late = new Connection(budget);
    const body = late.upload();
    late.apply();
    expect(late.windowBytes).toBe(FIRST_WINDOW_BYTES);
    for (const other of others) other.windows.close();
    body.received(1);
    late.apply();
    expect(late.windowBytes).toBe(FIRST_WINDOW_BYTES + 4 * MB);
  });

  test('of all processes together comes from one budget', () => {
    const connections = Array.from({ length: 4 }, () => new WindowBudget(4)).map((budget) => new Connection(budget));
    for (const connection of connections) connection.upload();
    for (const connection of connections) connection.apply();
    expect(connections.map(({ windowBytes }) => windowBytes - FIRST_WINDOW_BYTES)).toEqual([MB, MB, MB, MB]);
  });
});

/** What happens to the connection of this number. */
const event = fc.record({
  kind: fc.constantFrom('upload', 'send', 'send', 'read', 'end', 'apply', 'look', 'close'),
  connection: fc.nat({ max: 5 }),
  part: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** What streams hold beyond their first windows. @param isHonest whether clients send no more than a window that they know */
function play(events: readonly { kind: string; connection: number; part: number }[], isHonest: boolean) {
  const budget = new WindowBudget(8);
  const all = Array.from({ length: 6 }, () => ({
    connection: new Connection(budget),
    bodies: new Map<UploadedBody, number>(),
  }));
  let [beyond, most, cutOff] = [0, 0, 0];
  const hold = (bodies: Map<UploadedBody, number>, body: UploadedBody, bytes: number) => {
    const before = bodies.get(body) ?? 0;
    beyond += Math.max(0, bytes - FIRST_WINDOW_BYTES) - Math.max(0, before - FIRST_WINDOW_BYTES);
    bodies.set(body, bytes);
    if (body.holds(bytes)) return;
    cutOff += 1;
    end(bodies, body);
  };
  const end = (bodies: Map<UploadedBody, number>, body: UploadedBody) => {
    beyond -= Math.max(0, (bodies.get(body) ?? 0) - FIRST_WINDOW_BYTES);
    bodies.delete(body);
    body.end();
  };
  for (const { kind, connection: index, part } of events) {
    const { connection, bodies } = all[index] as (typeof all)[number];
    const body = [...bodies.keys()][Math.floor(part * bodies.size)];
    if (kind === 'upload') bodies.set(connection.upload(), 0);
    if (kind === 'apply' || isHonest) connection.apply();
    if (kind === 'look') connection.windows.look();
    if (kind === 'close') {
      for (const one of [...bodies.keys()]) end(bodies, one);
      connection.windows.close();
      all[index] = { connection: new Connection(budget), bodies: new Map() };
    }
    if (body === undefined) continue;
    const held = bodies.get(body) ?? 0;
    const room = isHonest ? connection.windowBytes - held : MB;
    if (kind === 'send' && room > 0) hold(bodies, body, held + Math.floor(room * part));
    if (kind === 'read') hold(bodies, body, Math.floor(held * part));
    if (kind === 'end') end(bodies, body);
    most = Math.max(most, beyond);
  }
  return { most, cutOff };
}

describe('the bytes that nobody reads', () => {
  const BUDGET_BYTES = (64 * MB) / 8;

  test('stay within the budget, whatever clients send', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 300 }), (events) => {
        expect(play(events, false).most).toBeLessThanOrEqual(BUDGET_BYTES + MB);
      }),
    );
    const flood = Array.from({ length: 600 }, (_, index) => ({
      kind: index < 300 ? 'upload' : 'send',
      connection: index % 6,
      part: 0.999,
    }));
    expect(play(flood, false).cutOff).toBeGreaterThan(0);
  });

  test('cost no client its body that sends no more than it may', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 300 }), (events) => {
        expect(play(events, true).cutOff).toBe(0);
      }),
    );
  });
});
