/**
 * Looks once a second at what every running instance uses. Where the kernel does not enforce `memory_limit_mb`, this
 * does: it measures the process tree and reports those over their limit.
 */
import type { Clock, UsageMeter } from '../core/ports.ts';
import type { Runner } from './runner.ts';

const INTERVAL_MS = 1000;

export interface MemoryGuardOptions {
  readonly clock: Clock;
  readonly meter: UsageMeter;
  runners(): Iterable<Runner>;
}

export class MemoryGuard {
  private readonly options: MemoryGuardOptions;
  private cancel: (() => void) | null = null;
  private ended = false;

  constructor(options: MemoryGuardOptions) {
    this.options = options;
  }

  /** Measures from now on, until nothing runs. */
  watch(): void {
    if (this.cancel === null && !this.ended)
      this.cancel = this.options.clock.after(INTERVAL_MS, () => void this.round());
  }

  end(): void {
    this.ended = true;
    this.cancel?.();
  }

  private async round(): Promise<void> {
    const any = await measure(this.options);
    this.cancel = null;
    if (any) this.watch();
  }
}

/** Returns whether something runs. What the kernel counts is read from it, the rest is measured. */
async function measure(options: MemoryGuardOptions): Promise<boolean> {
  const unknown = new Map<number, Runner>();
  let any = false;
  for (const runner of options.runners()) {
    const { process } = runner;
    any ||= runner.hasProcess;
    if (process !== null && !runner.consumption.readUsage()) unknown.set(process.pid, runner);
  }
  if (unknown.size === 0) return any;
  const usages = await options.meter.measure([...unknown.keys()]);
  for (const [pid, usage] of usages) {
    const runner = unknown.get(pid);
    if (runner?.process?.pid === pid) runner.consumption.measured(usage);
  }
  return any;
}
