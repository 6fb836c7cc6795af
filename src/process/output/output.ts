/**
 * The output of every child: split into lines, stamped, written, kept briefly in memory, sent to followers. A tenant
 * that prints more than its share is read from later. A flood then fills the tenant's own pipe and makes it wait, and
 * costs others little.
 */
import type { Readable } from 'node:stream';
import { TokenBucket } from '../../core/admission/token-bucket.ts';
import { formatEntries, type LogPart, type LogStream } from '../../core/input/log-format.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { LogLine, LogStore } from '../../core/stores/log-store.ts';
import type { Logger } from '../../logger.ts';
import { after } from '../../node/after.ts';
import { LineSplitter } from './line-splitter.ts';
import { logPath, readLastLines, readLogFiles, removeLogFiles } from './log-files.ts';
import { LogWriter } from './log-writer.ts';
import type { OutputSink, OutputSource, OutputTap } from './output-sink.ts';

/** Lines kept in memory for `lastLines`. */
const RING_LINES = 50;
/** Cost of a line beside its bytes: each is split, stamped and sent on its own. */
const COST_PER_LINE = 128;
/** Cost that one tenant may print per second, and at once, before it counts as a flood. */
const QUIET_COST_PER_S = 1024 * 1024;
/** Cost that all floods together may print per second; about a tenth of a core. */
const FLOOD_COST_PER_S = 32 * 1024 * 1024;
const FLOOD_BURST = 4 * 1024 * 1024;

export interface OutputOptions {
  readonly dir: string;
  readonly logger: Logger;
}

type OnLine = (line: LogLine) => void;

export function createOutput({ dir, logger }: OutputOptions): OutputSink & LogStore {
  const listeners = new Map<InstanceName, Set<OnLine>>();
  const floods = new TokenBucket(FLOOD_COST_PER_S, FLOOD_BURST, performance.now());
  return {
    attach(source) {
      const { instance, logLimitBytes } = source;
      const writer = new LogWriter({ path: logPath(dir, instance), maxBytes: logLimitBytes, instance, logger });
      const tell: OnLine = (line) => {
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
  private readonly tell: OnLine;
  private readonly ring: string[];
  private finishing = false;

  constructor({ stdout, stderr }: OutputSource, writer: LogWriter, floods: TokenBucket, tell: OnLine, ring: string[]) {
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
    // A broken pipe ends the stream; `close` follows, and what came before is kept.
    stream.on('error', () => {});
    return new Promise((resolve) => {
      stream.once('close', () => {
        this.take(name, splitter.end().lines, '', written);
        resolve();
      });
    });
  }

  /** @param written how many characters of the first line are in the file already */
  private take(stream: LogStream, lines: readonly string[], rest: string, written: number): void {
    const atMs = Date.now();
    const entries = entriesOf(lines, rest, written);
    if (entries.length > 0) this.writer.append(formatEntries(atMs, stream, entries));
    for (const text of lines) this.tell({ atMs, stream, text });
    this.ring.push(...lines.slice(-RING_LINES));
    this.ring.splice(0, this.ring.length - RING_LINES);
  }

  private slowDown(stream: Readable, cost: number): void {
    // No more is left than a pipe holds.
    if (this.finishing) return;
    const nowMs = performance.now();
    if (this.quiet.tryTake(cost, nowMs)) return;
    const waitMs = this.floods.take(cost, nowMs);
    stream.pause();
    // Even without a debt, other work goes first for one turn of the event loop.
    setTimeout(() => stream.resume(), waitMs);
  }
}

function entriesOf(lines: readonly string[], rest: string, written: number): LogPart[] {
  const entries: LogPart[] = lines.map((text) => ({ text, partial: false }));
  const [first] = entries;
  if (first !== undefined) entries[0] = { ...first, text: first.text.slice(written) };
  const begun = rest.slice(first === undefined ? written : 0);
  if (begun !== '') entries.push({ text: begun, partial: true });
  return entries;
}
