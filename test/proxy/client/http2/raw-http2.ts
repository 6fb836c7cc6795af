/** A client of HTTP/2 that sends the frames it is told to, valid or not, and reports those that it receives (RFC 9113 §4). */
import type { TLSSocket } from 'node:tls';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HEADER_BYTES = 9;

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

export const FLAG = { none: 0, endStream: 1, ack: 1, endHeaders: 4 } as const;

export const CODE = { none: 0, protocol: 1, internal: 2, refused: 7, cancel: 8, calm: 11 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export type Fields = readonly (readonly [name: string, value: string])[];

/** Fields of a GET for acme. */
export const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/'],
  [':authority', 'acme.localhost'],
];

export class RawHttp2 {
  readonly socket: TLSSocket;
  readonly received: Frame[] = [];
  /** Whether it goes by the settings of the server, and tells it so. */
  acknowledges = true;
  private rest = Buffer.alloc(0);
  private readonly waiting = new Set<() => void>();

  /** Sends the preface and settings. */
  static over(socket: TLSSocket): RawHttp2 {
    const client = new RawHttp2(socket);
    socket.write(PREFACE);
    client.send(FRAME.settings, 0, 0);
    return client;
  }

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => this.read(bytes));
    for (const event of ['close', 'drain']) socket.on(event, () => this.tell());
  }

  send(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): boolean {
    return this.socket.write(frame(type, flags, stream, payload));
  }

  /** Sends a head as literal fields. `flags` default: the head is complete, and so is the request. */
  request(stream: number, fields: Fields = GET, flags: number = FLAG.endHeaders | FLAG.endStream): void {
    this.send(FRAME.headers, flags, stream, literal(fields));
  }

  /** Settles with the first frame received, or yet to be received, that `matches`; fails when the connection closes before. */
  async frame(type: number, stream?: number): Promise<Frame> {
    for (;;) {
      const found = this.received.find((one) => one.type === type && (stream === undefined || one.stream === stream));
      if (found !== undefined) return found;
      if (this.socket.closed)
        throw new Error(
          `closed without a frame of type ${type}; got ${this.received.map((one) => `${one.type} of ${one.stream}`)}`,
        );
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** Settles when there are frames that were received, or the connection is closed. A write may receive some, too. */
  async more(): Promise<void> {
    while (this.received.length === 0 && !this.socket.closed)
      await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  /** Settles when the socket takes more, or is closed. */
  async drained(): Promise<void> {
    while (this.socket.writableNeedDrain && !this.socket.closed) {
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** Settles when the server has read all that was sent: with null, or the code with which it closed the connection. */
  async settled(): Promise<number | null> {
    const answers = () => this.received.filter(({ type, flags }) => type === FRAME.ping && flags === FLAG.ack).length;
    const before = answers();
    this.send(FRAME.ping, 0, 0, Buffer.alloc(8));
    while (answers() === before && !this.socket.closed) {
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
    return answers() > before ? null : this.goneWith();
  }

  /** Settles with the code of the reset of a stream. */
  async resetOf(stream: number): Promise<number> {
    return (await this.frame(FRAME.reset, stream)).payload.readUInt32BE(0);
  }

  /** Settles with the code of the first GOAWAY when the connection has closed; null: it closed without one. */
  async goneWith(): Promise<number | null> {
    await closed(this.socket);
    return this.received.find(({ type }) => type === FRAME.goaway)?.payload.readUInt32BE(4) ?? null;
  }

  private read(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.rest.readUIntBE(0, 3);
      if (this.rest.length < end) break;
      const [type, flags] = [this.rest.readUInt8(3), this.rest.readUInt8(4)];
      const stream = this.rest.readUInt32BE(5) & 0x7fffffff;
      this.received.push({ type, flags, stream, payload: Buffer.from(this.rest.subarray(HEADER_BYTES, end)) });
      this.rest = this.rest.subarray(end);
      // Otherwise the server takes the connection for dead, or too slow.
      if (type === FRAME.settings && (flags & FLAG.ack) === 0 && this.acknowledges)
        this.send(FRAME.settings, FLAG.ack, 0);
      if (type === FRAME.ping && (flags & FLAG.ack) === 0) this.send(FRAME.ping, FLAG.ack, 0, Buffer.alloc(8));
    }
    this.tell();
  }

  private tell(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** Settles when the connection is closed, also by a reset. */
export function closed(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => void (socket.closed ? resolve() : socket.once('close', () => resolve())));
}

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Encodes fields without compression (RFC 7541 §6.2.2). */
export function literal(fields: Fields): Buffer {
  return Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), string(name), string(value)])));
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** Encodes an integer behind the `bits` of a prefix (RFC 7541 §5.1). */
export function integer(value: number, bits: number, first: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.from([first | value]);
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
