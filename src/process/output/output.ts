/**
 * The output of every child: cut into lines, stamped, written, kept for a moment in memory, told to followers.
 * A tenant that prints more than its share is read from later, so that a flood fills the tenant's own pipe,
 * makes it wait, and costs the others little.
 */
import type { Readable } from 'node:stream';
import { TokenBucket } from '../../core/admission/token-bucket.ts';
import { formatEntries, type LogEntry, type LogStream } from '../../core/input/log-format.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { LogLine, LogStore } from '../../core/stores/log-store.ts';
import type { Logger } from '../../logger.ts';
import { after } from '../storage/after.ts';
import { LineSplitter } from './line-splitter.ts';
import { logPath, readLastLines, readLogFiles, removeLogFiles } from './log-files.ts';
import { LogWriter } from './log-writer.ts';
import type { OutputSink, OutputSource, OutputTap } from './output-sink.ts';

/** Lines kept in memory for `lastLines`. */
const RING_LINES = 50;
/** What a line costs beside its bytes: it is cut, stamped and told one by one. */
const COST_PER_LINE = 128;
/** What one tenant may print per second before it counts as a flood, and at once. */
const QUIET_COST_PER_S = 1024 * 1024;
/** What all floods together may print per second; about a tenth of a core. */
const FLOOD_COST_PER_S = 32 * 1024 * 1024;
const FLOOD_BURST = 4 * 1024 * 1024;

export interface OutputOptions {
  readonly dir: string;
  readonly logger: Logger;
}

type Tell = (line: LogLine) => void;

export function createOutput({ dir, logger }: OutputOptions): OutputSink & LogStore {
  const listeners = new Map<InstanceName, Set<Tell>>();
  const floods = new TokenBucket(FLOOD_COST_PER_S, FLOOD_BURST, performance.now());
  return {
    attach(source) {
      const { instance, logLimitBytes } = source;
      const writer = new LogWriter({ path: logPath(dir, instance), maxBytes: logLimitBytes, instance, logger });
      const tell: Tell = (line) => {
        for (const listener of listeners.get(instance) ?? []) listener(line);
      };
      const ring = source.resumed ? readLastLines(logPath(dir, instance), RING_LINES) : [];
      return new Tap(source, writer, floods, tell, ring);
    },
    read: (instance, filter) => readLogFiles(dir, instance, filter),
    remove: (instance) => removeLogFiles(dir, instance),
    subscribe(instance, listener) {
      const those = listeners.get(instance) ?? new Set();
      listeners.set(instance, those.add(listener));
      return () => {
        those.delete(listener);
        if (those.size === 0) listeners.delete(instance);
      };
    },
  };
}

class Tap implements OutputTap {
  readonly done: Promise<void>;
  private readonly streams: readonly Readable[];
  private readonly writer: LogWriter;
  private readonly floods: TokenBucket;
  private readonly quiet = new TokenBucket(QUIET_COST_PER_S, QUIET_COST_PER_S, performance.now());
  private readonly tell: Tell;
  private readonly ring: string[];
  private finishing = false;

  constructor({ stdout, stderr }: OutputSource, writer: LogWriter, floods: TokenBucket, tell: Tell, ring: string[]) {
    this.ring = ring;
    this.streams = [stdout, stderr];
    this.writer = writer;
    this.floods = floods;
    this.tell = tell;
    this.done = Promise.all([this.follow(stdout, 'stdout'), this.follow(stderr, 'stderr')]).then(() => writer.close());
  }

  lastLines(count: number): string[] {
    return this.ring.slice(-count);
  }

  async finish(ms: number): Promise<void> {
    this.finishing = true;
    for (const stream of this.streams) stream.resume();
    await Promise.race([this.done, new Promise<void>((resolve) => after(ms, resolve))]);
    this.close();
  }

  close(): void {
    for (const stream of this.streams) stream.destroy();
  }

  private follow(stream: Readable, name: LogStream): Promise<void> {
    const splitter = new LineSplitter();
    let written = 0;
    stream.on('data', (chunk: Buffer) => {
      const { lines, rest } = splitter.push(chunk);
      this.take(name, lines, rest, written);
      written = rest.length;
      this.slowDown(stream, chunk.length + lines.length * COST_PER_LINE);
    });
    // Reading fails when the pipe breaks; what came before is kept, and the end is told by `close`.
    stream.on('error', () => {});
    return new Promise((resolve) => {
      stream.once('close', () => {
        this.take(name, splitter.end().lines, '', written);
        resolve();
      });
    });
  }

  /** `written`: how much of the first line is in the file already. */
  private take(stream: LogStream, lines: readonly string[], rest: string, written: number): void {
    const atMs = Date.now();
    const entries = entriesOf(lines, rest, written);
    if (entries.length > 0) this.writer.append(formatEntries(atMs, stream, entries));
    for (const text of lines) this.tell({ atMs, stream, text });
    this.ring.push(...lines.slice(-RING_LINES));
    this.ring.splice(0, this.ring.length - RING_LINES);
  }

  private slowDown(stream: Readable, cost: number): void {
    // What is left is no more than a pipe holds.
    if (this.finishing) return;
    const nowMs = performance.now();
    if (this.quiet.tryTake(cost, nowMs)) return;
    const waitMs = this.floods.take(cost, nowMs);
    stream.pause();
    // Also without a debt the others come first, for one turn of the event loop.
    setTimeout(() => stream.resume(), waitMs);
  }
}

function entriesOf(lines: readonly string[], rest: string, written: number): LogEntry[] {
  const entries: LogEntry[] = lines.map((text) => ({ text, partial: false }));
  const [first] = entries;
  if (first !== undefined) entries[0] = { ...first, text: first.text.slice(written) };
  const begun = rest.slice(first === undefined ? written : 0);
  if (begun !== '') entries.push({ text: begun, partial: true });
  return entries;
}
