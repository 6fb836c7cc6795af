/** Which names are to have a certificate: written down when a name is won, and when it is lost. */
import { isCertifiable, orderedName } from '../core/acme/certificate-names.ts';
import { type CertificateRecord, newRecord } from '../core/acme/certificate-record.ts';
import type { AcmeServiceOptions } from './acme-parts.ts';
import type { CertificateBook } from './certificate-book.ts';

export interface WantedNamesDeps {
  readonly options: AcmeServiceOptions;
  readonly book: CertificateBook;
}

/** A name with the tenant that its order counts for. */
export interface OrderOwner {
  readonly name: string;
  /** null: the server's own. */
  readonly tenantId: string | null;
}

export class WantedNames {
  private readonly deps: WantedNamesDeps;
  /** Domains of the config that get a wildcard. */
  private readonly wildcards: ReadonlySet<string>;
  /** The change that was asked for last, over or not. Never rejects. */
  private last: Promise<void> = Promise.resolve();

  constructor(deps: WantedNamesDeps) {
    const { config, domains } = deps.options;
    this.deps = deps;
    this.wildcards = new Set(config.dnsHook === null ? [] : domains.filter(isCertifiable));
  }

  /** Returns what is ordered for a host; null: the proxy does not know the host, or no authority would certify it. */
  ownerFor(host: string): OrderOwner | null {
    if (!isCertifiable(host)) return null;
    const owner = this.deps.options.ownerOf(host);
    return owner === null ? null : this.ownerOf(orderedName(host, this.wildcards), owner.tenantId);
  }

  /** Returns a name with the tenant that it counts for: wildcards and hosts that tenants share are the server's. */
  ownerOf(name: string, tenantId: string | null): OrderOwner {
    return { name, tenantId: isWildcard(name) ? null : tenantId };
  }

  /** The name that would be ordered for a host. */
  orderedFor(host: string): string {
    return orderedName(host, this.wildcards);
  }

  /** Whether the proxy still knows a name. */
  isWanted(name: string): boolean {
    if (isWildcard(name)) return this.wildcards.has(name.slice(2));
    return this.deps.options.ownerOf(name) !== null;
  }

  /** Returns the record of a name, or one that is not written yet. */
  recordOf({ name, tenantId }: OrderOwner): CertificateRecord {
    return this.deps.book.get(name) ?? this.newRecord(name, tenantId, false);
  }

  /** Has all domains that are active, and the wildcards, ordered ahead of need. */
  async wantAll(): Promise<void> {
    const { book, options } = this.deps;
    const names = [...this.wildcards].map((domain) => [`*.${domain}`, null] as const);
    const records: CertificateRecord[] = [];
    for (const [name, tenantId] of [...names, ...options.activeDomains()]) {
      const record = this.wanted(name, tenantId);
      if (record !== null) records.push(record);
    }
    await book.put(...records);
  }

  /** Has a domain ordered ahead of need. */
  want(name: string, tenantId: string): Promise<void> {
    return this.inTurn(async () => {
      const record = this.wanted(name, tenantId);
      if (record !== null) await this.deps.book.put(record);
    });
  }

  /** Renews no more, and orders no more. A certificate that there is stays until it expires. */
  unwant(name: string): Promise<void> {
    const { book } = this.deps;
    return this.inTurn(async () => {
      const record = book.get(name);
      if (record === undefined) return;
      if (record.issued === null) await book.remove(name);
      else await book.put({ ...record, isAhead: false, dueAtMs: null });
    });
  }

  /** Removes all certificates of a tenant, with their keys. @param onRemoved called before each */
  removeTenant(tenantId: string, onRemoved: (name: string) => void): Promise<void> {
    const { book } = this.deps;
    return this.inTurn(async () => {
      for (const { name, tenantId: owner } of [...book.records()]) {
        if (owner !== tenantId) continue;
        onRemoved(name);
        await book.remove(name);
      }
    });
  }

  /** A tenant that is registered again at once wants its names after they were removed. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.last.then(work);
    this.last = done.catch(() => {});
    return done;
  }

  /** Returns the record that is to be written, so that a name gets a certificate; null: nothing is to be. */
  private wanted(name: string, tenantId: string | null): CertificateRecord | null {
    const { book, options } = this.deps;
    if (!isCertifiable(name.replace(/^\*\./, ''))) return null;
    const known = book.get(name);
    if (known === undefined) return options.isCovered(name) ? null : this.newRecord(name, tenantId, true);
    if (known.isAhead && known.tenantId === tenantId && known.dueAtMs !== null) return null;
    const dueAtMs = known.dueAtMs ?? known.retryAtMs ?? options.clock.nowMs();
    return { ...known, tenantId, isAhead: true, dueAtMs };
  }

  private newRecord(name: string, tenantId: string | null, isAhead: boolean): CertificateRecord {
    const { config, clock } = this.deps.options;
    return newRecord({ name, tenantId, directory: config.directory, isAhead }, clock.nowMs());
  }
}

function isWildcard(name: string): boolean {
  return name.startsWith('*.');
}
