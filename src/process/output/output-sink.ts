/** Takes in a child's output. */
import type { Readable } from 'node:stream';
import type { InstanceName } from '../../core/lifecycle/instance.ts';

export interface OutputTap {
  /** Returns the last lines printed, oldest first. */
  lastLines(count: number): string[];
  /** Settles when both streams have ended and everything is written. */
  readonly done: Promise<void>;
  /** Reads what a process that has ended left, without throttling. Stops after `ms` even if others still print. */
  finish(ms: number): Promise<void>;
  /** Stops reading, even if processes still print. */
  close(): void;
}

export interface OutputSource {
  readonly instance: InstanceName;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Size limit of the instance's log in bytes. */
  readonly logLimitBytes: number;
  /** Whether an earlier server read this output before, so that its last lines are in the log. */
  readonly resumed: boolean;
}

export interface OutputSink {
  attach(source: OutputSource): OutputTap;
}
