/** Servers with `[tls]` and a certificate of the operator's, and what their clients do. */
import { X509Certificate } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { type Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { makeCertificate } from '../certificates.ts';
import { type OnFinished, temporaryDirectory } from './support.ts';
import type { Answer, TestServer } from './test-server.ts';

export interface OwnCertificate {
  /** The table `[tls]` that uses it, on any port. */
  readonly table: string;
  readonly certFile: string;
  /** Replaces both files by another pair, and returns the fingerprint of the certificate. */
  write(): string;
}

/** Makes a certificate for some names, in files of its own. */
export function ownCertificate(names: readonly string[], onFinished: OnFinished = onTestFinished): OwnCertificate {
  const dir = temporaryDirectory();
  onFinished(() => rmSync(dir, { recursive: true, force: true }));
  const [certFile, keyFile] = [join(dir, 'own.pem'), join(dir, 'own.key')];
  const write = () => {
    const { cert, key } = makeCertificate(...names);
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key, { mode: 0o600 });
    return new X509Certificate(cert).fingerprint256;
  };
  write();
  const table = `[tls]\nlisten = "127.0.0.1:0"\ncertificates = [{ cert = "${certFile}", key = "${keyFile}" }]\n`;
  return { table, certFile, write };
}

/** What is asked of a client of 127.0.0.1, which takes any certificate. */
const ANY_CERTIFICATE = { host: '127.0.0.1', rejectUnauthorized: false } as const;

/** Sends one request by HTTP/1.1 over TLS. @param agent default: a connection of its own, by a full handshake */
export function getSecurely(
  { tlsPort: port }: Pick<TestServer, 'tlsPort'>,
  host: string,
  path = '/',
  agent: Agent | false = false,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { ...ANY_CERTIFICATE, port, path, servername: host, headers: { host }, agent };
    const asked = request(options, (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response).then((body) => resolve({ status, headers, body }), reject);
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** Sends one request by HTTP/2, on a connection of its own. */
export async function getByHttp2({ tlsPort }: Pick<TestServer, 'tlsPort'>, host: string, path = '/'): Promise<Answer> {
  const session = connectHttp2(`https://127.0.0.1:${tlsPort}`, { ...ANY_CERTIFICATE, servername: host });
  try {
    return await new Promise<Answer>((resolve, reject) => {
      session.once('error', reject);
      const stream = session.request({ ':path': path, ':authority': host });
      stream.once('error', reject);
      stream.once('close', () => reject(new Error(`the stream was closed with ${stream.rstCode}`)));
      session.once('close', () => reject(new Error('the session was closed')));
      stream.once('response', ({ ':status': status = 0, ...headers }) => {
        text(stream).then((body) => resolve({ status, headers: headers as Answer['headers'], body }), reject);
      });
    });
  } finally {
    session.destroy();
  }
}
