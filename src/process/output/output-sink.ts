/** Where a child's output goes. */
import type { Readable } from 'node:stream';
import type { InstanceName } from '../../core/lifecycle/instance.ts';

export interface OutputTap {
  /** What it printed last, oldest first. */
  lastLines(count: number): string[];
  /** Settles when both streams have ended and all is written. */
  readonly done: Promise<void>;
  /** Its process is gone: reads what that has left, without delay, and stops after `ms` though others may still print. */
  finish(ms: number): Promise<void>;
  /** Stops reading, whoever may still print. */
  close(): void;
}

export interface OutputSource {
  readonly instance: InstanceName;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Of its log, in bytes. */
  readonly logLimitBytes: number;
  /** Whether an earlier server read of it before: its last lines are in the log. */
  readonly resumed: boolean;
}

export interface OutputSink {
  attach(source: OutputSource): OutputTap;
}
