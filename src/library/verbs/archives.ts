/** Copies of tenants as a host program makes them. */
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LIBRARY } from '../../core/access/actor.ts';
import type { CaptureReport } from '../../core/archive/copies.ts';
import { assertOptions } from '../../core/input/library/copy-input.ts';
import { assertTenantId } from '../../core/tenants/tenant.ts';
import type { NewFromCopy, TenantFace, TenantView } from '../../core/verbs/tenant-verbs.ts';
import type { Call } from '../calls.ts';

/** How a tenant is exported. */
export interface ExportTenantOptions {
  /**
   * Whether the tenant's processes end first. Its requests are held until its directory is copied, and nothing is written
   * meanwhile. Default: false.
   */
  readonly still?: boolean | undefined;
  /** With it, secrets are in the archive. */
  readonly passphrase?: string | undefined;
  /** Ends the export when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** How a tenant is made of an archive. */
export interface ImportTenantOptions {
  /** Services to register it with. Default: those of the archive. */
  readonly services?: readonly string[] | undefined;
  /** Opens the archive's secrets. Without it they are left out. */
  readonly passphrase?: string | undefined;
  /** false: only register. Default: true. */
  readonly start?: boolean | undefined;
  /** Ends the import when it aborts; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

/** How a tenant is made of another one. */
export interface CloneTenantOptions {
  /** Id of the new tenant. */
  readonly id: string;
  /** As for an export. */
  readonly still?: boolean | undefined;
  /** false: only register. Default: true. */
  readonly start?: boolean | undefined;
  /** Ends the copy when it aborts; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

/** A tenant that was made of a copy. */
export interface CopiedTenant {
  readonly tenant: TenantView;
  /** What the copy lacks, a sentence each. */
  readonly notes: readonly string[];
}

/** Archives of tenants, and tenants made of them. While one of these runs, no other begins on the tenant (`tenant_busy`). */
export interface Archives {
  /**
   * Writes a tenant into `to`, as an archive in Zstandard (`acme.tar.zst`), and ends the stream.
   * @throws {TenementError} `export_failed`, `hold_timeout`, `tenant_busy`, `unknown_tenant`; an error of the stream
   */
  export(tenantId: string, to: Writable, options?: ExportTenantOptions): Promise<CaptureReport>;
  /**
   * Makes a tenant of an archive. Nothing is left behind when that fails.
   * @param from the archive, such as a file's stream
   * @throws {TenementError} `bad_archive`, `bad_passphrase`, `already_exists`, `import_failed`, what `tenants.create`
   * throws
   */
  import(tenantId: string, from: AsyncIterable<Uint8Array>, options?: ImportTenantOptions): Promise<CopiedTenant>;
  /** Makes a tenant of another one. @throws {TenementError} as `export` and `import` */
  clone(tenantId: string, options: CloneTenantOptions): Promise<CopiedTenant>;
}

export function libraryArchives(tenants: TenantFace, call: Call): Archives {
  const verbs = tenants.by(LIBRARY);
  return {
    export: (tenantId, to, options = {}) =>
      call(() => {
        assertOptions(options, { flags: ['still'], texts: ['passphrase'] });
        return verbs.export(tenantId, { ...options, signal: signalOf(options) }, ({ bytes }) =>
          pipeline(Readable.from(bytes, { objectMode: false }), to),
        );
      }),
    import: (tenantId, from, options = {}) =>
      call(async () => {
        assertTenantId(tenantId);
        assertOptions(options, { flags: ['start'], texts: ['passphrase'], lists: ['services'] });
        return copied(await verbs.import(tenantId, from, { ...options, signal: signalOf(options) }));
      }),
    clone: (tenantId, options) =>
      call(async () => {
        assertOptions(options, { flags: ['still', 'start'], texts: ['id'] });
        assertTenantId(options.id);
        return copied(await verbs.clone(tenantId, { ...options, signal: signalOf(options) }));
      }),
  };
}

/** Returns the given signal, or one that never aborts. */
export function signalOf({ signal }: { readonly signal?: AbortSignal | undefined }): AbortSignal {
  return signal ?? new AbortController().signal;
}

function copied({ view, notes }: NewFromCopy): CopiedTenant {
  return { tenant: view, notes };
}
