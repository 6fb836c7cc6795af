/** Where a child's output goes. */
import type { Readable } from 'node:stream';
import type { InstanceName } from '../core/instance.ts';

export interface OutputTap {
  /** What it printed last, oldest first. */
  lastLines(count: number): string[];
  /** Settles when both streams have ended and all is written. */
  readonly done: Promise<void>;
}

export interface OutputSink {
  attach(instance: InstanceName, stdout: Readable, stderr: Readable): OutputTap;
}
