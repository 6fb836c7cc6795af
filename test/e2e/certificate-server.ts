/** A server that gets certificates from a real authority. */
import { connect } from 'node:tls';
import { type AuthorityProxy, authorityProxy } from '../acme/authority-proxy.ts';
import { Pebble } from '../acme/pebble.ts';
import { freePort } from '../ports.ts';
import { type OnFinished, serve, type TestServer } from './support.ts';

const SERVICE = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';

export interface Certified {
  readonly server: TestServer;
  readonly pebble: Pebble;
  /** Between the server and the authority. */
  readonly authority: AuthorityProxy;
  readonly tlsPort: number;
  /** PEM of the root that its certificates chain up to. */
  readonly root: string;
}

/** Serves `*.apps.test`. @param keys further lines of `[proxy]` and of `[tls.acme]` */
export async function certifiedServer(
  onFinished: OnFinished,
  keys: { readonly proxy?: string; readonly acme?: string } = {},
): Promise<Certified> {
  const [httpPort, tlsPort] = await Promise.all([freePort(), freePort()]);
  const pebble = await Pebble.start({ httpPort, tlsPort });
  onFinished(() => pebble.stop());
  const authority = await authorityProxy(pebble);
  onFinished(() => authority.close());
  const toml = `[proxy]
listen = "127.0.0.1:${httpPort}"
domain = "apps.test"
${keys.proxy ?? ''}
[tls]
listen = "127.0.0.1:${tlsPort}"
[tls.acme]
email = "ops@example.com"
directory = "${authority.directory}"
ca_file = "${pebble.caFile}"
${keys.acme ?? ''}
${SERVICE}`;
  const server = await serve(toml, ['--proxy', `127.0.0.1:${httpPort}`], onFinished);
  return { server, pebble, authority, tlsPort, root: await pebble.root() };
}

export interface SecureAnswer {
  /** Names of the certificate, as OpenSSL writes them. */
  readonly names: string | undefined;
  readonly text: string;
}

/** Sends one request over TLS. Rejects when the handshake is refused. */
export function askSecurely(
  { tlsPort: port, root: ca }: Certified,
  host: string,
  path = '/health',
): Promise<SecureAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername: host, ca, ALPNProtocols: ['http/1.1'] }, () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    });
    let names: string | undefined;
    let text = '';
    socket.on('secureConnect', () => {
      names = socket.getPeerCertificate().subjectaltname;
    });
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('end', () => resolve({ names, text }));
  });
}
