/** The operator's own certificates: read from their files, and read again when these change. */
import { stat } from 'node:fs/promises';
import type { CertificateFiles } from '../core/tls/tls-config.ts';
import type { TlsTable } from '../core/tls/tls-table.ts';
import { type CertificateFacts, readCertificate } from '../node/certificate-files.ts';

/**
 * Time between two looks at the files. A name that is a symbolic link may lead to another file at any time, which no event
 * reports; and a certificate and its key are replaced one after the other, so a change must have lasted for one look.
 */
const LOOK_MS = 1000;

export interface OwnCertificate extends CertificateFacts {
  /** Path of its file. */
  readonly file: string;
}

export interface OwnCertificatesOptions {
  readonly table: TlsTable;
  readonly onReplaced: (certificate: OwnCertificate) => void;
  /** The files have changed and cannot be used; the certificate that was read before stays. */
  readonly onKept: (file: string, problem: string) => void;
  readonly lookMs?: number;
}

interface Pair {
  readonly files: CertificateFiles;
  /** Fingerprint of the files that were read last. */
  seen: string;
  /** Fingerprint of changed files at the previous look; null: they had not changed. */
  changed: string | null;
  facts: CertificateFacts | null;
}

export class OwnCertificates {
  private readonly options: OwnCertificatesOptions;
  private pairs: Pair[] = [];
  private looking: NodeJS.Timeout | null = null;
  private isClosed = false;

  constructor(options: OwnCertificatesOptions) {
    this.options = options;
  }

  /** Reads all files, and takes away certificates that are not named any more. */
  async apply(certificates: readonly CertificateFiles[]): Promise<void> {
    const former = this.pairs;
    const seen = await Promise.all(certificates.map(fingerprint));
    this.pairs = certificates.map((files, index) => {
      return { files, seen: seen[index] ?? '', changed: null, facts: former.find(isOf(files))?.facts ?? null };
    });
    const gone = former.filter(({ files }) => !certificates.some((one) => slotOf(one) === slotOf(files)));
    await this.options.table.change([
      ...gone.map(({ files }) => ({ kind: 'certificate', slot: slotOf(files), certificate: null }) as const),
    ]);
    for (const pair of this.pairs) await this.read(pair);
    this.lookLater();
  }

  /** Returns what is known of the certificates that are used. */
  list(): OwnCertificate[] {
    return this.pairs.flatMap(({ files, facts }) => (facts === null ? [] : [{ ...facts, file: files.cert }]));
  }

  close(): void {
    this.isClosed = true;
    if (this.looking !== null) clearTimeout(this.looking);
  }

  private lookLater(): void {
    if (this.looking !== null) clearTimeout(this.looking);
    this.looking = null;
    if (this.isClosed || this.pairs.length === 0) return;
    this.looking = setTimeout(() => void this.look(), this.options.lookMs ?? LOOK_MS).unref();
  }

  private async look(): Promise<void> {
    for (const pair of this.pairs) await this.lookAt(pair);
    this.lookLater();
  }

  private async lookAt(pair: Pair): Promise<void> {
    const found = await fingerprint(pair.files);
    if (found === pair.seen || this.isClosed || !this.pairs.includes(pair)) return;
    if (found !== pair.changed) {
      pair.changed = found;
      return;
    }
    pair.seen = found;
    pair.changed = null;
    await this.read(pair);
  }

  /** Files that cannot be used leave the certificate as it was. */
  private async read(pair: Pair): Promise<void> {
    const { table, onReplaced, onKept } = this.options;
    const { files } = pair;
    const read = readCertificate(files, this.pairs.indexOf(pair));
    if (!read.ok) return onKept(files[read.of], read.problem);
    const { certificate } = read;
    const slot = slotOf(files);
    const isNew = table.certificates.at(slot)?.id !== certificate.id;
    pair.facts = read.facts;
    await table.change([{ kind: 'certificate', slot, certificate }]);
    if (isNew) onReplaced({ ...read.facts, file: files.cert });
  }
}

function slotOf({ cert }: CertificateFiles): string {
  return `file:${cert}`;
}

function isOf(files: CertificateFiles) {
  return (pair: Pair) => slotOf(pair.files) === slotOf(files);
}

/** Returns a value that changes with the files, and when others take their place. */
async function fingerprint({ cert, key }: CertificateFiles): Promise<string> {
  const both = await Promise.all([cert, key].map(fingerprintOf));
  return both.join('; ');
}

async function fingerprintOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(file);
    return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}
