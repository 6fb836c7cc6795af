/** Reads what a program says that works on a tenant's files. It may be in the hands of the tenant. */
import type { Readable } from 'node:stream';
import type { CaptureReport, CopyTotals, LeftOut } from '../core/archive/copies.ts';
import { LineSplitter } from '../process/output/line-splitter.ts';
import { MAX_TOLD, type Message } from './child/protocol.ts';

/** What a program has said so far. */
export class Heard {
  found: CopyTotals | null = null;
  report: CaptureReport | null = null;
  failure: { readonly type: 'refused' | 'failed'; readonly reason: string } | null = null;
  private readonly leftOut: LeftOut[] = [];
  private readonly onChanged: (done: CopyTotals | null) => void;

  /** @param onChanged called after each message, with what is done if it says so */
  constructor(messages: Readable, onChanged: (done: CopyTotals | null) => void) {
    this.onChanged = onChanged;
    const splitter = new LineSplitter();
    messages.on('data', (chunk: Buffer) => {
      for (const line of splitter.push(chunk).lines) this.take(line);
    });
    messages.on('error', () => {});
  }

  private take(line: string): void {
    const message = parsed(line);
    if (message === null) return;
    const { type } = message;
    if (type === 'found') this.found = totalsOf(message);
    else if (type === 'left-out') this.note(message);
    else if (type === 'done') {
      const leftOutCount = countOf(message.leftOut);
      this.report = { ...totalsOf(message), leftOut: this.leftOut, leftOutCount };
    } else if (type === 'refused' || type === 'failed') this.failure ??= { type, reason: String(message.reason) };
    this.onChanged(type === 'progress' || type === 'done' ? totalsOf(message) : null);
  }

  private note({ path, why }: LeftOut): void {
    if (this.leftOut.length < MAX_TOLD) this.leftOut.push({ path: String(path), why: String(why) });
  }
}

function parsed(line: string): Message | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as Message) : null;
  } catch {
    return null;
  }
}

function totalsOf({ files, bytes }: { readonly files?: unknown; readonly bytes?: unknown }): CopyTotals {
  return { files: countOf(files), bytes: countOf(bytes) };
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
