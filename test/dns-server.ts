/** A DNS server on loopback that knows TXT records, and counts what it is asked. */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';

const TXT = 16;
const NXDOMAIN = 3;
const SERVFAIL = 2;
const HEADER_BYTES = 12;

export interface DnsServer {
  /** As `dns_servers` takes it. */
  readonly address: string;
  /** Name → the texts of its TXT records. A name without an entry does not exist. */
  readonly texts: Map<string, readonly string[]>;
  /** Names that were asked for, in order. */
  readonly asked: string[];
  /** What it does instead of answering. */
  fails: 'never' | 'with SERVFAIL' | 'by silence';
  close(): Promise<void>;
}

export async function dnsServer(): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    texts: new Map(),
    asked: [],
    fails: 'never',
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
  socket.on('message', (query: Buffer, { port, address }: RemoteInfo) => {
    const name = nameIn(query);
    server.asked.push(name);
    if (server.fails === 'by silence') return;
    const texts = server.fails === 'with SERVFAIL' ? 'failure' : server.texts.get(name);
    socket.send(answer(query, name, texts), port, address);
  });
  return server;
}

function nameIn(query: Buffer): string {
  const labels: string[] = [];
  for (let at = HEADER_BYTES; query[at] !== 0 && at < query.length; at += (query[at] ?? 0) + 1)
    labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)));
  return labels.join('.').toLowerCase();
}

/** RFC 1035 §4: the header and the question, then a record for each text. */
function answer(query: Buffer, name: string, texts: readonly string[] | 'failure' | undefined): Buffer {
  const questionEnd = HEADER_BYTES + name.length + 2 + 4;
  const head = Buffer.from(query.subarray(0, questionEnd));
  const records = Array.isArray(texts) ? texts.map(record) : [];
  const code = texts === 'failure' ? SERVFAIL : texts === undefined ? NXDOMAIN : 0;
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  // No authority, and nothing additional.
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...records]);
}

/** Points at the name of the question. A text is sent in parts of at most 255 bytes. */
function record(text: string): Buffer {
  const parts = text.match(/.{1,255}/gs) ?? [''];
  const data = Buffer.concat(parts.map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)])));
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  head.writeUInt16BE(TXT, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
