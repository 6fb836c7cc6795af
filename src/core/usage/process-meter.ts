/**
 * Measures one process from reading to reading. Durations are of the machine's uptime, so that setting its clock changes
 * nothing. Pure.
 */
import type { Usage } from '../ports.ts';
import type { MeterValues } from './meters.ts';

const BYTES_PER_GB = 1e9;
const MS_PER_S = 1000;

export interface ProcessReading {
  readonly uptimeMs: number;
  /** null: unknown until the first measurement, and nothing counts before it. */
  readonly cpuSeconds: number | null;
  readonly memoryBytes: number;
}

/** What a process used in a span of time that ends at the reading. */
export interface ProcessUse {
  readonly durationMs: number;
  readonly values: MeterValues;
}

export class ProcessMeter {
  /** Up to where its use was taken. */
  private taken: ProcessReading;
  private uptimeMs: number;
  private cpuSeconds: number | null;
  private memoryBytes: number;
  private isSuspended: boolean;
  private awakeMs = 0;
  private memoryByteMs = 0;

  constructor(begin: ProcessReading, isSuspended: boolean) {
    this.taken = begin;
    this.uptimeMs = begin.uptimeMs;
    this.cpuSeconds = begin.cpuSeconds;
    this.memoryBytes = begin.memoryBytes;
    this.isSuspended = isSuspended;
  }

  /** What was counted of it, for a mark. */
  get reading(): ProcessReading {
    return this.taken;
  }

  measured({ cpuSeconds, memoryBytes }: Pick<Usage, 'cpuSeconds' | 'memoryBytes'>, uptimeMs: number): void {
    this.advance(uptimeMs);
    // The sum of a process tree falls while a child ends, until its parent has waited for it.
    this.cpuSeconds = Math.max(this.cpuSeconds ?? 0, cpuSeconds);
    this.memoryBytes = memoryBytes;
  }

  suspended(isSuspended: boolean, uptimeMs: number): void {
    this.advance(uptimeMs);
    this.isSuspended = isSuspended;
  }

  /** Returns what it used since the last call. */
  take(uptimeMs: number): ProcessUse {
    this.advance(uptimeMs);
    const { taken, cpuSeconds } = this;
    const values = {
      cpuSeconds: (cpuSeconds ?? 0) - (taken.cpuSeconds ?? cpuSeconds ?? 0),
      awakeSeconds: this.awakeMs / MS_PER_S,
      memoryGbSeconds: this.memoryByteMs / MS_PER_S / BYTES_PER_GB,
    };
    this.awakeMs = 0;
    this.memoryByteMs = 0;
    this.taken = { uptimeMs: this.uptimeMs, cpuSeconds, memoryBytes: this.memoryBytes };
    return { durationMs: this.uptimeMs - taken.uptimeMs, values };
  }

  private advance(uptimeMs: number): void {
    const passedMs = Math.max(0, uptimeMs - this.uptimeMs);
    if (!this.isSuspended) this.awakeMs += passedMs;
    this.memoryByteMs += this.memoryBytes * passedMs;
    this.uptimeMs += passedMs;
  }
}
