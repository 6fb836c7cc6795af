/** Archives as the API sees them. */
import type { CaptureReport, ClientFile } from '../archive/copies.ts';

interface LongOptions {
  /** Ends it; what it has made is deleted. */
  readonly signal: AbortSignal;
}

export interface ExportOptions extends LongOptions {
  /**
   * Whether the tenant's processes end first. Its requests are held until its directory is copied, and nothing is written
   * meanwhile.
   */
  readonly still?: boolean | undefined;
  /** With it, secrets are in the archive. */
  readonly passphrase?: string | undefined;
}

export interface ArchiveStream {
  /** Ends with an error when the archive could not be completed. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Settles when all bytes are read. */
  readonly report: Promise<CaptureReport>;
}

export interface ImportOptions extends LongOptions {
  /** Default: those of the archive. */
  readonly services?: readonly string[] | undefined;
  /** Opens the archive's secrets. Without it they are left out. */
  readonly passphrase?: string | undefined;
  readonly start?: boolean | undefined;
}

export interface CloneOptions extends LongOptions {
  readonly id: string;
  readonly still?: boolean | undefined;
  readonly start?: boolean | undefined;
}

/** The verbs of one actor. While one runs, no other operation begins on the tenant (`tenant_busy`). */
export interface ArchiveVerbs<NewTenant> {
  /**
   * Reads a tenant's directory into an archive.
   * @param deliver takes the archive, to its end; the operation is over when it settles
   * @throws {TenementError} `export_failed`, `hold_timeout`, `tenant_busy`, `unknown_tenant`; what `deliver` throws
   */
  export(
    tenantId: string,
    options: ExportOptions,
    deliver: (archive: ArchiveStream) => Promise<void>,
  ): Promise<CaptureReport>;
  /**
   * Like `export`, into an empty file that a client on this machine has opened. The archive does not pass this process.
   * @throws {TenementError} as `export`; `output_unreachable`
   */
  exportInto(tenantId: string, file: ClientFile, options: ExportOptions): Promise<CaptureReport>;
  /**
   * Makes a tenant of an archive. Nothing is left behind when that fails.
   * @throws {TenementError} `bad_archive`, `bad_passphrase`, `already_exists`, `import_failed`, what `create` throws
   */
  import(tenantId: string, bytes: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<NewTenant>;
  /** Makes a tenant of another one. @throws as `export` and `import` */
  clone(tenantId: string, options: CloneOptions): Promise<NewTenant>;
}
