/** The service over a real authority, with listeners that answer from its table and nothing else. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { AcmeServiceOptions } from '../../src/acme/acme-parts.ts';
import { AcmeService } from '../../src/acme/acme-service.ts';
import { numbered, type TenementEvent } from '../../src/core/stores/event-log.ts';
import type { AcmeConfig } from '../../src/core/tls/tls-config.ts';
import { TlsTable } from '../../src/core/tls/tls-table.ts';
import { silentLogger } from '../../src/logger.ts';
import { systemClock } from '../../src/node/clock.ts';
import { createCertificateStore } from '../../src/registry/certificates.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { shared } from '../e2e/support.ts';
import { Pebble } from './pebble.ts';

export interface Listening {
  readonly table: TlsTable;
  readonly httpPort: number;
  readonly tlsPort: number;
}

/** One authority for the tests of a file, with what answers its checks. */
export function sharedAuthority() {
  return shared(async (onFinished) => {
    const listeners = await listening(onFinished);
    const pebble = await Pebble.start(listeners);
    onFinished(() => pebble.stop());
    return { ...listeners, pebble };
  });
}

/** Listens as the proxy does, but answers challenges alone. */
export async function listening(onFinished: (handler: () => void | Promise<void>) => void): Promise<Listening> {
  const table = new TlsTable();
  const http = createServer((request: IncomingMessage, response: ServerResponse) => {
    const answer = table.httpAnswer((request.url ?? '').split('/').at(-1) ?? '');
    response.writeHead(answer === null ? 404 : 200).end(answer ?? '');
  });
  const tls = createTlsServer({
    ALPNCallback: ({ protocols }) => (protocols.includes('acme-tls/1') ? 'acme-tls/1' : undefined),
    SNICallback: (name, done) => {
      const found = table.challenge(name);
      if (found === null) done(new Error('unknown name'));
      else done(null, createSecureContext({ key: found.key, cert: found.chain }));
    },
  });
  for (const server of [http, tls]) {
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onFinished(() => void server.close());
  }
  return {
    table,
    httpPort: (http.address() as AddressInfo).port,
    tlsPort: (tls.address() as AddressInfo).port,
  };
}

export interface Serving {
  readonly service: AcmeService;
  readonly table: TlsTable;
  readonly stateDir: string;
  readonly events: TenementEvent[];
  /** Host → tenant, as the proxy knows them; null: tenants share the host. */
  readonly hosts: Map<string, string | null>;
  /** Ends the service, and starts another one on the same state. */
  again(options?: Partial<AcmeServiceOptions>): Promise<Serving>;
}

export const ACME: Omit<AcmeConfig, 'directory' | 'caFile'> = {
  email: 'ops@example.com',
  onDemand: true,
  maxOrdersPerHour: 20,
  profile: null,
  externalAccount: null,
  dnsHook: null,
};

export function configFor(
  { directory, caFile }: Pick<Pebble, 'directory' | 'caFile'>,
  changes: Partial<AcmeConfig> = {},
): AcmeConfig {
  return { ...ACME, directory, caFile, ...changes };
}

export function temporaryState(): string {
  const stateDir = mkdtempSync(join(tmpdir(), 'acme-'));
  onTestFinished(() => rmSync(stateDir, { recursive: true }));
  return stateDir;
}

/** Opens a service; the table is what the listeners answer from. */
export async function serving(
  config: AcmeConfig,
  table: TlsTable,
  changes: Partial<AcmeServiceOptions> & {
    readonly hosts?: Map<string, string | null>;
    readonly stateDir?: string;
  } = {},
): Promise<Serving> {
  const { stateDir = temporaryState(), hosts = new Map<string, string | null>(), ...options } = changes;
  const database = openDatabase(join(stateDir, 'tenement.db'));
  const events: TenementEvent[] = [];
  const service = new AcmeService({
    config,
    domains: [],
    httpPort: 80,
    workdir: stateDir,
    stateDir,
    version: '0.0.0-test',
    store: createCertificateStore(database),
    table,
    openHookRunner: async () => {
      throw new Error('this test runs no hook');
    },
    events: {
      append: (event) => {
        const kept = numbered(events.length + 1, event);
        events.push(kept);
        return kept;
      },
    },
    clock: systemClock,
    logger: silentLogger(),
    whenWritable: async (work) => work(),
    ownerOf: (host) => (hosts.has(host) ? { tenantId: hosts.get(host) ?? null } : null),
    activeDomains: () => [],
    isCovered: () => false,
    tenantCount: () => 2,
    ...options,
  });
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    await service.close();
    database.close();
  };
  onTestFinished(close);
  await service.open();
  await service.begin();
  return {
    service,
    table,
    stateDir,
    events,
    hosts,
    again: async (others = {}) => {
      await close();
      return serving(config, table, { ...options, hosts, stateDir, ...others });
    },
  };
}
