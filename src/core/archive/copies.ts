/** Copies of tenants' directories as streams, which src/archive makes. Nothing of a tenant is read in the server's process. */
import type { PlainSecret } from '../secrets/vault.ts';
import type { ServiceConfig } from '../service/service.ts';

/** The tenant whose directory is read or made. */
export interface CopiedTenant {
  readonly tenantId: string;
  /** What decides its user and its walls. */
  readonly service: Pick<ServiceConfig, 'user' | 'isolation'>;
}

export interface CopySource extends CopiedTenant {
  /** What is read; left out: the tenant's own directory. */
  readonly copy?: MadeDirectory;
}

/** How much was copied. */
export interface CopyTotals {
  /** Files, directories and links. */
  readonly files: number;
  /** Bytes in files; holes count nothing. */
  readonly bytes: number;
}

/** Something of a directory that a copy lacks. */
export interface LeftOut {
  /** Relative to the tenant's directory. Any bytes: made safe before it is shown. */
  readonly path: string;
  readonly why: string;
}

/** What was read of a tenant. */
export interface CaptureReport extends CopyTotals {
  /** The first ones. */
  readonly leftOut: readonly LeftOut[];
  readonly leftOutCount: number;
}

export interface CaptureOptions {
  /** Whether links that lead out of the directory are left out; an import refuses them. Otherwise they are kept. */
  readonly withoutLinksOut: boolean;
  /** Whether the stream is compressed with Zstandard. */
  readonly compressed: boolean;
  readonly signal: AbortSignal;
  onProgress(done: CopyTotals): void;
}

/** A directory that is being read. */
export interface Capture {
  /** What was found before the first byte. It changes while the tenant writes. */
  readonly totals: CopyTotals;
  /** tar, with names below `data/` and `end.json` last. Read to its end, or end the capture by its signal. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** Settles when the stream is complete. @throws {TenementError} `export_failed`, the signal's reason */
  readonly report: Promise<CaptureReport>;
}

/** A file that a client has opened, named so that another process of its user, or root, can open it (proc(5)). */
export interface ClientFile {
  readonly pid: number;
  readonly descriptor: number;
  /** What is opened is to be this one. In decimal. */
  readonly device: string;
  readonly inode: string;
}

/** A directory that is being read into a file. */
export interface FileCapture {
  readonly totals: CopyTotals;
  /** As of `Capture`. The file is complete and on the disk then. */
  readonly report: Promise<CaptureReport>;
  /** Begins: the file gets these bytes, then the stream, which does not pass this process. */
  begin(head: Uint8Array): Promise<void>;
}

export interface MakeOptions {
  /** How much the directory may take on disk; null: any amount. */
  readonly maxBytes: number | null;
  /** Whether the stream is a whole archive: compressed, with a manifest first, and without links that lead out. */
  readonly isArchive: boolean;
  readonly signal: AbortSignal;
  onProgress(done: CopyTotals): void;
}

/** A complete directory beside those of the tenants. */
export interface MadeDirectory {
  readonly path: string;
}

export interface StillCopy extends MadeDirectory {
  /** Files that the copy lacks. */
  readonly leftOut: readonly LeftOut[];
}

export interface Clone {
  readonly made: MadeDirectory;
  readonly report: CaptureReport;
}

export interface TenantCopies {
  /**
   * Reads a tenant's directory, SQLite databases by SQLite's own backup. Settles when all databases are copied and the
   * first byte can be read.
   * @throws {TenementError} `export_failed`, `host_cannot`, the signal's reason
   */
  capture(source: CopySource, options: CaptureOptions): Promise<Capture>;
  /**
   * Like `capture`, into an empty file of a client's.
   * @throws as `capture`; `output_unreachable` when the file cannot be opened
   */
  captureInto(file: ClientFile, source: CopySource, options: CaptureOptions): Promise<FileCapture>;
  /**
   * Copies the directory to another on the same file system, sharing blocks where that can (reflinks). While a tenant is
   * still, this takes far less time than to send its directory somewhere.
   * @throws {TenementError} `export_failed`, `host_cannot`, the signal's reason
   */
  still(source: CopySource, signal: AbortSignal): Promise<StillCopy>;
  /**
   * Makes a directory of a stream, owned by the tenant's user. A stream that is refused leaves nothing behind.
   * @throws {TenementError} `bad_archive`, `import_failed`, `host_cannot`, the signal's reason
   */
  make(tenant: CopiedTenant, stream: AsyncIterable<Uint8Array>, options: MakeOptions): Promise<MadeDirectory>;
  /**
   * Makes a directory of another one. The bytes do not pass this process.
   * @throws as `capture` and `make`
   */
  clone(source: CopySource, tenant: CopiedTenant, options: MakeOptions): Promise<Clone>;
  /**
   * Gives a made directory its tenant's place in one step.
   * @throws {TenementError} `already_exists` when something is there
   */
  place(made: MadeDirectory, tenantId: string): Promise<void>;
  /** Deletes a made directory, and forgets the user id that a tenant was to get which did not come to be. */
  discard(made: MadeDirectory, tenantId?: string): void;
}

/** What precedes the directory in an archive. */
export interface ArchiveHead {
  /** As `parseManifest` reads it. */
  readonly manifest: string;
  /** As `sealSecrets` wrote it; null: there are none. */
  readonly secrets: string | null;
}

/** Secrets in an archive, under a passphrase. */
export interface SecretSeal {
  readonly passphrase: string;
  /** What they belong to: in another archive they do not open. */
  readonly binding: string;
}

export interface Archives extends TenantCopies {
  /** Returns the beginning of an archive; the stream of a compressed capture continues it. */
  headOf(head: ArchiveHead): Promise<Uint8Array>;
  /**
   * Reads the beginning of an archive, however little of it has arrived.
   * @returns the head, and the whole archive from its first byte on
   * @throws {TenementError} `bad_archive`
   */
  read(stream: AsyncIterable<Uint8Array>): Promise<{ head: ArchiveHead; stream: AsyncIterable<Uint8Array> }>;
  /** Returns the beginning of a backup, which is a plain tar archive; the stream of a capture that is not compressed continues it. */
  plainHeadOf(head: ArchiveHead): Promise<Uint8Array>;
  /** @returns the head, and the stream of the capture behind it @throws {TenementError} `bad_archive` */
  readPlain(stream: AsyncIterable<Uint8Array>): Promise<{ head: ArchiveHead; stream: AsyncIterable<Uint8Array> }>;
  sealSecrets(secrets: readonly PlainSecret[], seal: SecretSeal): Promise<string>;
  /** @throws {TenementError} `bad_passphrase`, `bad_archive` */
  openSecrets(sealed: string, seal: SecretSeal): Promise<readonly PlainSecret[]>;
}

/** Returns the archives. The first call loads their code. */
export type OpenArchives = () => Promise<Archives>;
