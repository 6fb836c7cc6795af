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

  constructor(deps: WantedNamesDeps) {
    const { config, domains } = deps.options;
    this.deps = deps;
    this.wildcards = new Set(config.dnsHook === null ? [] : domains.filter(isCertifiable));
  }

  /** Returns what is ordered for a host; null: the proxy does not know the host, or no authority would certify it. */
  ownerFor(host: string): OrderOwner | null {
    if (!isCertifiable(host)) return null;
    const tenantId = this.deps.options.tenantOf(host);
    return tenantId === null ? null : this.ownerOf(orderedName(host, this.wildcards), tenantId);
  }

  /** Returns a name with the tenant that it counts for: wildcards are the server's. */
  ownerOf(name: string, tenantId: string | null): OrderOwner {
    return { name, tenantId: isWildcard(name) ? null : tenantId };
  }

  /** The name that would be ordered for a host. */
  orderedFor(host: string): string {
    return orderedName(host, this.wildcards);
  }

  /** Whether a name still leads to an instance. */
  isWanted(name: string): boolean {
    if (isWildcard(name)) return this.wildcards.has(name.slice(2));
    return this.deps.options.tenantOf(name) !== null;
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
  async want(name: string, tenantId: string): Promise<void> {
    const record = this.wanted(name, tenantId);
    if (record !== null) await this.deps.book.put(record);
  }

  /** Renews no more, and orders no more. A certificate that there is stays until it expires. */
  async unwant(name: string): Promise<void> {
    const { book } = this.deps;
    const record = book.get(name);
    if (record === undefined) return;
    if (record.issued === null) await book.remove(name);
    else await book.put({ ...record, isAhead: false, dueAtMs: null });
  }

  /** Removes all certificates of a tenant, with their keys. @param onRemoved called before each */
  async removeTenant(tenantId: string, onRemoved: (name: string) => void): Promise<void> {
    const { book } = this.deps;
    for (const { name, tenantId: owner } of [...book.records()]) {
      if (owner !== tenantId) continue;
      onRemoved(name);
      await book.remove(name);
    }
  }

  /** A tenant may have been unregistered while no server could remove its certificates. */
  async removeForgotten(): Promise<void> {
    const { book, options } = this.deps;
    const owners = new Set(Array.from(book.records(), ({ tenantId }) => tenantId));
    for (const tenantId of owners)
      if (tenantId !== null && !options.isRegistered(tenantId)) await this.removeTenant(tenantId, () => {});
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
