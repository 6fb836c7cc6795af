/** Calls about archives. */
import type { CaptureReport, ClientFile } from '../../core/archive/copies.ts';
import type { LongOperationView } from '../../core/tenants/long-operation.ts';
import type { TenantView } from '../../core/verbs/tenant-verbs.ts';
import { ERROR_CODES, type ErrorCode, TenementError } from '../../errors.ts';
import { PASSPHRASE_HEADER, REPORT_TRAILER } from '../archive-fields.ts';
import type { Transport } from './transport.ts';

interface ArchiveOptions {
  readonly still?: boolean | undefined;
  readonly passphrase?: string | undefined;
}

interface ImportInput {
  readonly services?: readonly string[] | undefined;
  readonly passphrase?: string | undefined;
  readonly start?: boolean | undefined;
}

interface CloneInput {
  readonly id: string;
  readonly still?: boolean | undefined;
  readonly start?: boolean | undefined;
}

interface ArchiveAnswer {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What is in the archive, once `bytes` has ended. @throws {TenementError} `export_failed` when the server did not say */
  report(): CaptureReport;
}

export type CopiedTenantView = TenantView & { readonly notes: readonly string[] };

export type CopyNews = { readonly progress: LongOperationView } | { readonly result: CopiedTenantView };

type ExportNews = { readonly progress: LongOperationView } | { readonly result: CaptureReport };

const LINES = { accept: 'application/x-ndjson' };

export interface ArchiveCalls {
  /** Returns an archive; its report is known when it was read. */
  export(id: string, options: ArchiveOptions, signal: AbortSignal): Promise<ArchiveAnswer>;
  /** Exports into an open file of this process. For the control socket only. Yields progress, then what is in the archive. */
  exportInto(id: string, file: ClientFile, options: ArchiveOptions, signal: AbortSignal): AsyncIterable<ExportNews>;
  /** Yields progress, then the new tenant. */
  import(
    id: string,
    bytes: AsyncIterable<Uint8Array>,
    options: ImportInput,
    signal: AbortSignal,
  ): AsyncIterable<CopyNews>;
  clone(id: string, options: CloneInput, signal: AbortSignal): AsyncIterable<CopyNews>;
}

export function archiveCalls(transport: Transport, pathOf: (id: string) => string): ArchiveCalls {
  return {
    export: async (id, options, signal) => {
      const { bytes, trailers } = await transport.open({
        method: 'POST',
        path: `${pathOf(id)}/export`,
        body: options,
        signal,
      });
      return { bytes, report: () => reportIn(trailers()) };
    },
    exportInto: (id, file, options, signal) =>
      newsOf(
        transport.lines({ method: 'POST', path: `${pathOf(id)}/export-into`, body: { ...options, file }, signal }),
        signal,
      ),
    import: (id, bytes, { services: service, start, passphrase }, signal) => {
      const secret =
        passphrase === undefined ? {} : { [PASSPHRASE_HEADER]: Buffer.from(passphrase).toString('base64') };
      const headers = { ...LINES, ...secret, 'content-type': 'application/zstd' };
      const query = { ...(service !== undefined && { service }), start };
      return newsOf(
        transport.lines({ method: 'POST', path: `${pathOf(id)}/import`, query, headers, bytes, signal }),
        signal,
      );
    },
    clone: (id, body, signal) =>
      newsOf(transport.lines({ method: 'POST', path: `${pathOf(id)}/clone`, body, headers: LINES, signal }), signal),
  };
}

function reportIn(trailers: Readonly<Record<string, string>>): CaptureReport {
  const text = trailers[REPORT_TRAILER.toLowerCase()];
  if (text !== undefined) return JSON.parse(text) as CaptureReport;
  throw new TenementError('export_failed', 'the archive is not complete', { hint: "The server's log says why." });
}

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
}

/** @throws {TenementError} the error in the last line, or that there was none */
export async function* newsOf<News extends object = CopyNews>(
  lines: AsyncIterable<string>,
  signal: AbortSignal,
): AsyncGenerator<News> {
  for await (const line of lines) {
    const news = JSON.parse(line) as News | { readonly error: Problem };
    if ('error' in news) throw errorOf(news.error);
    yield news;
    if ('result' in news) return;
  }
  signal.throwIfAborted();
  throw new TenementError('server_unreachable', 'the server closed the connection before it was done');
}

function errorOf({ code, detail, hint }: Problem): TenementError {
  return new TenementError(Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'internal', detail, { hint });
}
