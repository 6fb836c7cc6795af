/** One program at work on a tenant's files, with what it says, its end, and the reason when it fails. */
import type { Readable } from 'node:stream';
import type { CaptureReport, CopyTotals } from '../core/archive/copies.ts';
import { type ErrorCode, TenementError } from '../errors.ts';
import type { HelperRequest, TenantHelper, TenantHelpers } from '../process/launch/tenant-helper.ts';
import { Heard } from './messages.ts';

/** Enough of its stderr for a person; a program of tenement's says everything else by message. */
const MAX_ERRORS_CHARACTERS = 2000;

export interface CopyProcessOptions {
  readonly run: TenantHelpers;
  readonly signal: AbortSignal;
  /** The code for failures that are not those of a stream. */
  readonly code: ErrorCode;
  /** What a failure means, in the beginning of a sentence. */
  readonly what: string;
  onProgress(done: CopyTotals): void;
}

export class CopyProcess {
  private readonly helper: TenantHelper;
  private readonly heard: Heard;
  private readonly options: CopyProcessOptions;
  private readonly found = Promise.withResolvers<CopyTotals>();
  /** Settles when it has ended well. @throws {TenementError} the reason of its failure, or of the signal */
  readonly done: Promise<CaptureReport>;
  private errors = '';

  /** @throws {TenementError} `options.code` */
  constructor(request: HelperRequest, options: CopyProcessOptions) {
    this.options = options;
    this.helper = started(request, options);
    this.heard = new Heard(this.helper.messages, (done) => this.changed(done));
    this.helper.process.stderr?.on('data', (chunk) => {
      this.errors = (this.errors + String(chunk)).slice(0, MAX_ERRORS_CHARACTERS);
    });
    this.done = this.end();
    // Its owner may wait for something else first.
    this.done.catch(() => {});
    this.found.promise.catch(() => {});
  }

  get stdout(): Readable {
    return this.helper.process.stdout as Readable;
  }

  get stdin(): NodeJS.WritableStream {
    return this.helper.process.stdin as NodeJS.WritableStream;
  }

  /** Settles with what there is to copy. @throws like `done` */
  get totals(): Promise<CopyTotals> {
    return this.found.promise;
  }

  kill(): void {
    this.helper.kill();
  }

  private changed(done: CopyTotals | null): void {
    if (this.heard.found !== null) this.found.resolve(this.heard.found);
    if (done !== null) this.options.onProgress(done);
  }

  private async end(): Promise<CaptureReport> {
    const { signal } = this.options;
    const abort = () => this.kill();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      const { status } = await this.helper.ended;
      signal.throwIfAborted();
      const { report, failure } = this.heard;
      if (failure !== null) throw this.failed(failure.type === 'refused' ? 'bad_archive' : null, failure.reason);
      if (report === null || status !== 0)
        throw this.failed(null, this.errors.trim() || 'the program that does it was ended');
      return report;
    } catch (error) {
      const reason = signal.aborted ? signal.reason : error;
      this.found.reject(reason);
      throw reason;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  private failed(code: ErrorCode | null, reason: string): TenementError {
    const { what, code: own } = this.options;
    return new TenementError(code ?? own, `${code === null ? what : 'the archive is refused'}: ${reason}`);
  }
}

function started(request: HelperRequest, { run, code, what }: CopyProcessOptions): TenantHelper {
  try {
    return run(request);
  } catch (error) {
    throw new TenementError(code, `${what}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
