/** Debian's test authority for ACME, with a DNS of its own, for the length of a test. Names lead to 127.0.0.1. */
import { webcrypto } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { Agent, request } from 'undici';
import { Daemon } from '../databases/daemon.ts';
import { freePort } from '../ports.ts';

const PROGRAMS = ['/usr/bin/pebble', '/usr/bin/pebble-challtestsrv'];

/** Why tests with an authority are skipped; null: they are not. In CI a missing program is a failure. */
export const withoutPebble =
  process.env['CI'] === 'true' || PROGRAMS.every((file) => existsSync(file)) ? null : 'apt-get install pebble';

export interface PebbleOptions {
  /** Where the authority looks for answers: the ports of `[proxy] listen` and `[tls] listen`. */
  readonly httpPort: number;
  readonly tlsPort: number;
  readonly validityS?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly externalAccount?: { readonly keyId: string; readonly key: string };
}

export class Pebble {
  readonly directory: string;
  /** Certificate that its server is trusted by. */
  readonly caFile: string;
  private readonly dnsManagement: string;
  private readonly management: string;
  private readonly dir: string;
  private readonly agent = new Agent({ connect: { rejectUnauthorized: false } });
  private readonly dns: Daemon;
  private server: Daemon;
  private readonly startServer: () => Promise<Daemon>;

  private constructor(
    parts: Pick<Pebble, 'directory' | 'caFile'> & {
      management: string;
      dnsManagement: string;
      dir: string;
      dns: Daemon;
      server: Daemon;
      startServer: () => Promise<Daemon>;
    },
  ) {
    this.directory = parts.directory;
    this.caFile = parts.caFile;
    this.management = parts.management;
    this.dnsManagement = parts.dnsManagement;
    this.dir = parts.dir;
    this.dns = parts.dns;
    this.server = parts.server;
    this.startServer = parts.startServer;
  }

  static async start({
    httpPort,
    tlsPort,
    validityS = 7_776_000,
    env,
    externalAccount,
  }: PebbleOptions): Promise<Pebble> {
    const dir = mkdtempSync(join(tmpdir(), 'pebble-'));
    const caFile = join(dir, 'server.pem');
    const [listen, management, dnsPort, dnsManagement] = await Promise.all(Array.from({ length: 4 }, freePort));
    await writeServerCertificate(caFile, join(dir, 'server.key'));
    const pebble = {
      listenAddress: `127.0.0.1:${listen}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: caFile,
      privateKey: join(dir, 'server.key'),
      httpPort,
      tlsPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: externalAccount !== undefined,
      ...(externalAccount === undefined
        ? {}
        : { externalAccountMACKeys: { [externalAccount.keyId]: externalAccount.key } }),
      certificateValidityPeriod: validityS,
    };
    writeFileSync(join(dir, 'config.json'), JSON.stringify({ pebble }));
    const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', ''];
    const dnsWords = ['-dns01', `127.0.0.1:${dnsPort}`, '-management', `127.0.0.1:${dnsManagement}`, ...off];
    const dns = await Daemon.start(['/usr/bin/pebble-challtestsrv', ...dnsWords], {
      cwd: dir,
      isReady: () => answers(`http://127.0.0.1:${dnsManagement}/`),
    });
    const agent = new Agent({ connect: { rejectUnauthorized: false } });
    const directory = `https://127.0.0.1:${listen}/dir`;
    const startServer = () =>
      Daemon.start(['/usr/bin/pebble', '-config', join(dir, 'config.json'), '-dnsserver', `127.0.0.1:${dnsPort}`], {
        cwd: dir,
        env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', PEBBLE_AUTHZREUSE: '0', ...env },
        isReady: () => answers(directory, agent),
      });
    try {
      const server = await startServer();
      const managed = {
        management: `https://127.0.0.1:${management}`,
        dnsManagement: `http://127.0.0.1:${dnsManagement}`,
      };
      return new Pebble({ directory, caFile, ...managed, dir, dns, server, startServer });
    } catch (error) {
      await dns.stop();
      throw error;
    }
  }

  /** The root that its certificates chain up to, as PEM. */
  async root(): Promise<string> {
    const answer = await request(`${this.management}/roots/0`, { dispatcher: this.agent });
    return answer.body.text();
  }

  /** Makes or removes a TXT record, as a hook of an operator's would. */
  get dnsUrl(): string {
    return this.dnsManagement;
  }

  /** Lets a name lead to another address. */
  async setAddress(host: string, address: string): Promise<void> {
    const body = JSON.stringify({ host, addresses: [address] });
    await (await request(`${this.dnsManagement}/add-a`, { method: 'POST', body })).body.dump();
  }

  /** Ends the authority and starts it again. It knows nothing of before. */
  async restart(): Promise<void> {
    await this.server.stop();
    this.server = await this.startServer();
  }

  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.dns.stop(), this.agent.close()]);
    rmSync(this.dir, { recursive: true });
  }
}

async function answers(url: string, dispatcher?: Agent): Promise<boolean> {
  try {
    await (await request(url, dispatcher === undefined ? {} : { dispatcher })).body.dump();
    return true;
  } catch {
    return false;
  }
}

async function writeServerCertificate(certFile: string, keyFile: string): Promise<void> {
  cryptoProvider.set(webcrypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=test authority',
    keys: keys as Parameters<typeof X509CertificateGenerator.createSelfSigned>[0]['keys'],
    signingAlgorithm: algorithm,
    notAfter: new Date(Date.now() + 86_400_000),
    extensions: [
      new BasicConstraintsExtension(true),
      new SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
      ]),
    ],
  });
  writeFileSync(certFile, certificate.toString('pem'));
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  writeFileSync(keyFile, `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`, { mode: 0o600 });
}
