/** What is known of the certificates of this server, in memory and in the registry; the files are beside it. */
import type { CertificateRecord } from '../core/acme/certificate-record.ts';
import type { CertificateStore } from '../core/stores/certificate-store.ts';
import type { TlsChange, TlsTable } from '../core/tls/tls-table.ts';
import type { AcmeFiles } from './acme-files.ts';
import { tableEntry } from './read-certificate.ts';

/** Certificates that are read and given to the workers at once. */
const PIECE = 100;

export interface CertificateBookOptions {
  readonly store: CertificateStore;
  readonly files: AcmeFiles;
  readonly table: TlsTable;
  /** Repeats a write while another process holds the registry's lock. */
  whenWritable<Value>(work: () => Value): Promise<Value>;
}

export class CertificateBook {
  private readonly options: CertificateBookOptions;
  private readonly known: Map<string, CertificateRecord>;

  /** @throws {TenementError} `state_failed` */
  constructor(options: CertificateBookOptions) {
    this.options = options;
    this.known = new Map(Array.from(options.store.list(), (record) => [record.name, record]));
  }

  records(): Iterable<CertificateRecord> {
    return this.known.values();
  }

  get(name: string): CertificateRecord | undefined {
    return this.known.get(name);
  }

  /** Settles when the records are written. They are used at once. */
  async put(...records: readonly CertificateRecord[]): Promise<void> {
    for (const record of records) this.known.set(record.name, record);
    if (records.length > 0) await this.options.whenWritable(() => this.options.store.put(records));
  }

  /** Settles when nothing of a name is left. */
  async remove(name: string): Promise<void> {
    const { store, files, whenWritable } = this.options;
    this.known.delete(name);
    await this.hide(name);
    await files.removeAll(name);
    await whenWritable(() => store.remove(name));
  }

  /** Settles when every listener shows the certificate of the file. @returns whether there is one */
  async show(name: string): Promise<boolean> {
    const change = await this.changeOf(name);
    if (change !== null) await this.options.table.change([change]);
    return change !== null;
  }

  isShown(name: string): boolean {
    return this.options.table.certificates.at(slotOf(name)) !== null;
  }

  /** Settles when no listener shows it any more. */
  async hide(name: string): Promise<void> {
    if (!this.isShown(name)) return;
    await this.options.table.change([{ kind: 'certificate', slot: slotOf(name), certificate: null }]);
  }

  /** Shows all certificates that are valid. @param onDamaged gets those whose files cannot be used */
  async showAll(
    isShown: (record: CertificateRecord) => boolean,
    onDamaged: (record: CertificateRecord) => void,
  ): Promise<void> {
    const records = [...this.known.values()].filter(isShown);
    for (let from = 0; from < records.length; from += PIECE) {
      const piece = records.slice(from, from + PIECE);
      const changes = await Promise.all(piece.map(({ name }) => this.changeOf(name)));
      piece.filter((_record, index) => changes[index] === null).forEach(onDamaged);
      await this.options.table.change(changes.filter((change) => change !== null));
    }
  }

  private async changeOf(name: string): Promise<TlsChange | null> {
    const certificate = await this.options.files.certificate(name);
    if (certificate === null) return null;
    try {
      return { kind: 'certificate', slot: slotOf(name), certificate: tableEntry(certificate, name) };
    } catch {
      return null;
    }
  }
}

function slotOf(name: string): string {
  return `acme:${name}`;
}
