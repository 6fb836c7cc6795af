/** One line on a terminal that tells how far something is. */
import type { LongOperationView } from '../../../core/tenants/long-operation.ts';
import { TenementError } from '../../../errors.ts';
import { bytes, plural } from '../../output/format.ts';
import type { CliIo } from '../../output/io.ts';
import { StatusLine } from '../../output/status-line.ts';

export class ProgressLine {
  private readonly line: StatusLine;

  constructor(io: CliIo) {
    this.line = new StatusLine(io);
  }

  /** Whether a person sees it. */
  get isShown(): boolean {
    return this.line.isShown;
  }

  /** @param about whose operation it is */
  show({ kind, doneBytes, totalBytes, doneFiles }: LongOperationView, about?: string): void {
    const of = totalBytes === null ? '' : ` of ${bytes(totalBytes)}`;
    const text =
      doneBytes === null ? 'looking at its files' : `${bytes(doneBytes)}${of}, ${plural(doneFiles ?? 0, 'file')}`;
    this.line.show(`${kind}${about === undefined ? '' : ` ${about}`}: ${text}`);
  }

  end(): void {
    this.line.clear();
  }
}

/** Shows the progress of a long call, and returns its result. @throws {TenementError} `server_unreachable`: it has none */
export async function followed<Result, Progress>(
  news: AsyncIterable<{ readonly progress: Progress } | { readonly result: Result }>,
  io: CliIo,
  show: (progress: Progress, line: ProgressLine) => void,
): Promise<Result> {
  const line = new ProgressLine(io);
  try {
    for await (const one of news) {
      if ('result' in one) return one.result;
      show(one.progress, line);
    }
  } finally {
    line.end();
  }
  throw new TenementError('server_unreachable', 'the server closed the connection before it was done');
}

/** Shows the progress of one operation. */
export function showOperation(progress: LongOperationView, line: ProgressLine): void {
  line.show(progress);
}
