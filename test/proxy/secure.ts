/** TLS for the bench of the proxy: a certificate, and clients that trust whatever they get. */
import { X509Certificate } from 'node:crypto';
import { connect as connectPlainly, type Socket } from 'node:net';
import { Duplex, Writable } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Certificate } from '../../src/core/tls/certificate.ts';
import { HandshakeCounts } from '../../src/core/tls/handshake-counts.ts';
import type { ProxyTls } from '../../src/core/tls/tls-source.ts';
import { TlsTable } from '../../src/core/tls/tls-table.ts';
import { makeCertificate } from '../certificates.ts';

let made: Certificate | null = null;

/** Made once for each test file. */
export function testCertificate(): Certificate {
  made ??= certificateFor('*.localhost', 'localhost');
  return made;
}

/** @param rank as in `Certificate` */
export function certificateFor(...names: readonly string[]): Certificate {
  const { cert, key } = makeCertificate(...names);
  const { fingerprint256: id, validTo } = new X509Certificate(cert);
  return { id, chain: cert, key, names, rank: 0, notAfterMs: Date.parse(validTo) };
}

export interface TestTls extends ProxyTls {
  readonly source: { readonly table: TlsTable; obtain: ((name: string) => Promise<void>) | null };
}

/** What a proxy needs that listens for TLS. */
export function testTls(...certificates: readonly Certificate[]): TestTls {
  const table = new TlsTable();
  const all = certificates.map((certificate) => ({ kind: 'certificate', slot: certificate.id, certificate }) as const);
  void table.change([{ kind: 'ticket-key', key: Buffer.alloc(48, 'k').toString('base64') }, ...all]);
  return { source: { table, obtain: null }, counts: new HandshakeCounts() };
}

/** Settles with a connection whose handshake is over. It names no server unless the options do. */
export function secureConnection(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, servername: '', ...options });
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => {
      socket.off('error', reject).on('error', () => {});
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

export interface HalfHandshake {
  readonly raw: Socket;
  /** Completes it, and settles with the answer to a request. */
  finish(path: string): Promise<string>;
}

/** Sends the beginning of a client's first message, and the rest when the test says so. */
export function halfHandshake(port: number, host: string): HalfHandshake {
  const raw = connectPlainly(port, '127.0.0.1');
  const { promise: isOpen, resolve: open } = Promise.withResolvers<void>();
  const gate = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      raw.write(chunk.subarray(0, 50));
      void isOpen.then(() => raw.write(chunk.subarray(50), done));
    },
  });
  const both = { readable: raw, writable: gate } as unknown as Parameters<typeof Duplex.from>[0];
  const secure = connect({ socket: Duplex.from(both), servername: host, rejectUnauthorized: false });
  secure.on('error', () => {});
  return {
    raw,
    finish: async (path) => {
      open();
      secure.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      let text = '';
      for await (const chunk of secure) text += chunk;
      return text;
    },
  };
}
