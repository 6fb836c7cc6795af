/** Parts of the service, wired to each other. */
import type { ChallengeType } from '../core/acme/failure-text.ts';
import type { Clock } from '../core/ports.ts';
import { hookMarkDir } from '../core/provisioning/hook-environment.ts';
import type { OpenHookRunner } from '../core/provisioning/hook-run.ts';
import type { CertificateStore } from '../core/stores/certificate-store.ts';
import type { EventLog } from '../core/stores/event-log.ts';
import type { AcmeConfig } from '../core/tls/tls-config.ts';
import type { TlsTable } from '../core/tls/tls-table.ts';
import type { Logger } from '../logger.ts';
import { AcmeFiles } from './acme-files.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { CertificateBook } from './certificate-book.ts';
import { Issuing, type IssuingDeps } from './issuing.ts';

export interface HostOwner {
  /** null: tenants share the host. */
  readonly tenantId: string | null;
}

export interface AcmeServiceOptions {
  readonly config: AcmeConfig;
  /** Domains of `[proxy] domain`. */
  readonly domains: readonly string[];
  /** Port of `[proxy] listen`. */
  readonly httpPort: number;
  /** Directory of the config, in which `dns_hook` runs. */
  readonly workdir: string;
  readonly stateDir: string;
  readonly version: string;
  readonly store: CertificateStore;
  readonly table: TlsTable;
  readonly openHookRunner: OpenHookRunner;
  readonly events: Pick<EventLog, 'append'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Repeats a write while another process holds the registry's lock. */
  whenWritable<Value>(work: () => Value): Promise<Value>;
  /** Returns whose a host is that the proxy knows; null: it does not know it. */
  ownerOf(host: string): HostOwner | null;
  /** Domains of tenants' own that are routed, with their tenants. */
  activeDomains(): Iterable<readonly [host: string, tenantId: string]>;
  /** Whether the operator's own certificates cover a name. */
  isCovered(name: string): boolean;
  tenantCount(): number;
}

export interface AcmeParts {
  readonly files: AcmeFiles;
  readonly book: CertificateBook;
  readonly authority: CertificateAuthority;
  readonly issuing: Issuing;
  /** Ends what is under way. */
  readonly ending: AbortController;
}

export function acmeParts(
  options: AcmeServiceOptions,
  on: Pick<IssuingDeps, 'mayBegin' | 'onBegun' | 'onPause'>,
): AcmeParts {
  const { config, stateDir, version, openHookRunner, workdir } = options;
  const { dnsHook: hook } = config;
  const files = new AcmeFiles(stateDir);
  const book = new CertificateBook({ ...options, files });
  const authority = new CertificateAuthority({ config, files, version });
  const ending = new AbortController();
  const issuing = new Issuing({
    ...options,
    ...on,
    files,
    book,
    authority,
    directory: config.directory,
    dns: hook === null ? null : { hook, workdir, openHookRunner, markDir: hookMarkDir(stateDir) },
    signal: ending.signal,
    typesFor: (name) => typesFor(name, options),
  });
  return { files, book, authority, issuing, ending };
}

/** A certificate authority looks at ports 80 and 443 alone. Which of them leads here is known only when one of them does. */
function typesFor(name: string, { config: { dnsHook }, httpPort }: AcmeServiceOptions): readonly ChallengeType[] {
  const byDns: ChallengeType[] = dnsHook === null ? [] : ['dns-01'];
  if (name.startsWith('*.')) return byDns;
  const direct: ChallengeType[] = httpPort === 80 ? ['http-01', 'tls-alpn-01'] : ['tls-alpn-01', 'http-01'];
  return [...direct, ...byDns];
}
