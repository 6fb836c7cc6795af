/**
 * The output of every child: cut into lines, stamped, written in batches, kept for a moment in memory,
 * told to followers. While a batch is being written its tenant's streams are paused, so that a flood
 * fills the tenant's own pipe and nothing else.
 */
import type { Readable } from 'node:stream';
import type { InstanceName } from '../core/instance.ts';
import type { LogLine, LogStore } from '../core/ports.ts';
import { LineSplitter } from './line-splitter.ts';
import type { LogFiles } from './log-files.ts';
import type { OutputSink, OutputTap } from './output-sink.ts';

/** Lines kept in memory for `lastLines`. */
const RING_LINES = 50;
/** Bytes waiting to be written before the tenant is paused. */
const HIGH_WATER_BYTES = 1024 * 1024;

export interface OutputOptions {
  readonly files: LogFiles;
}

type Listener = (line: LogLine) => void;

export function createOutput({ files }: OutputOptions): OutputSink & LogStore {
  const listeners = new Map<InstanceName, Set<Listener>>();
  const tell = (instance: InstanceName, line: LogLine) => {
    for (const listener of listeners.get(instance) ?? []) listener(line);
  };
  return {
    attach: (instance, stdout, stderr) => new Tap(instance, files, (line) => tell(instance, line), stdout, stderr),
    read: (instance, filter) => files.read(instance, filter),
    remove: (instance) => files.remove(instance),
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
  private readonly instance: InstanceName;
  private readonly files: LogFiles;
  private readonly tell: Listener;
  private readonly streams: readonly Readable[];
  private readonly ring: string[] = [];
  private pending: LogLine[] = [];
  private pendingBytes = 0;
  private writing: Promise<void> | null = null;

  constructor(instance: InstanceName, files: LogFiles, tell: Listener, stdout: Readable, stderr: Readable) {
    this.instance = instance;
    this.files = files;
    this.tell = tell;
    this.streams = [stdout, stderr];
    this.done = Promise.all([this.follow(stdout, 'stdout'), this.follow(stderr, 'stderr')]).then(() => this.flushed());
  }

  lastLines(count: number): string[] {
    return this.ring.slice(-count);
  }

  private follow(stream: Readable, name: LogLine['stream']): Promise<void> {
    const splitter = new LineSplitter();
    const take = (texts: readonly string[]) => {
      for (const text of texts) this.add({ atMs: Date.now(), stream: name, text });
    };
    stream.on('data', (chunk: Buffer) => take(splitter.push(chunk)));
    // Reading fails when the pipe breaks; what came before is kept, and the end is told by `close`.
    stream.on('error', () => {});
    return new Promise((resolve) => {
      stream.once('close', () => {
        take(splitter.end());
        resolve();
      });
    });
  }

  private add(line: LogLine): void {
    this.ring.push(line.text);
    if (this.ring.length > RING_LINES) this.ring.shift();
    this.pending.push(line);
    this.pendingBytes += line.text.length;
    if (this.pendingBytes > HIGH_WATER_BYTES) for (const stream of this.streams) stream.pause();
    this.writing ??= this.write();
    this.tell(line);
  }

  private async write(): Promise<void> {
    await Promise.resolve();
    while (this.pending.length > 0) {
      const lines = this.pending;
      this.pending = [];
      this.pendingBytes = 0;
      await this.files.append(this.instance, lines);
      for (const stream of this.streams) stream.resume();
    }
    this.writing = null;
  }

  private async flushed(): Promise<void> {
    await this.writing;
  }
}
