/**
 * Reads once a second what every running instance uses. Where the kernel does not enforce `memory_limit_mb`, this guard
 * measures the process tree, and reports instances over their limit.
 */
import type { Clock, UsageMeter } from '../../core/ports.ts';
import { attempt } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import type { Runner } from '../instance/runner.ts';
import { Ticker } from '../monitors/ticker.ts';

export interface MemoryGuardOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: UsageMeter;
  runners(): Iterable<Runner>;
}

/** Returns a ticker that runs until no instance runs. */
export function memoryGuard(options: MemoryGuardOptions): Ticker {
  return new Ticker(options, () => measure(options));
}

/** Returns whether any instance runs. Counts of the kernel are read; the rest is measured. */
async function measure(options: MemoryGuardOptions): Promise<boolean> {
  const unknown = new Map<number, Runner>();
  let any = false;
  for (const runner of options.runners()) {
    const { process } = runner;
    any ||= runner.hasProcess;
    if (process === null) continue;
    const isRead = attempt(options.logger, { instance: runner.name }, () => runner.consumption.readUsage());
    if (isRead === false) unknown.set(process.pid, runner);
  }
  if (unknown.size === 0) return any;
  const usages = await options.meter.measure([...unknown.keys()]);
  for (const [pid, usage] of usages) {
    const runner = unknown.get(pid);
    if (runner?.process?.pid === pid) runner.consumption.measured(usage);
  }
  return any;
}
