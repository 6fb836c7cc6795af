/**
 * Measures the process tree of every running instance and reports those over their limit. Where there
 * is no cgroup this is what enforces `memory_limit_mb`, so it looks once a second.
 */
import type { Clock, UsageMeter } from '../core/ports.ts';
import type { Runner } from './runner.ts';

const INTERVAL_MS = 1000;

export interface MemoryGuardOptions {
  readonly clock: Clock;
  readonly meter: UsageMeter;
  runners(): Iterable<Runner>;
}

/** Starts measuring; the returned function ends it. Costs nothing while no instance runs. */
export function startMemoryGuard(options: MemoryGuardOptions): () => void {
  let ended = false;
  let cancel = () => {};
  const round = async () => {
    await measure(options);
    if (!ended) cancel = options.clock.after(INTERVAL_MS, () => void round());
  };
  cancel = options.clock.after(INTERVAL_MS, () => void round());
  return () => {
    ended = true;
    cancel();
  };
}

async function measure(options: MemoryGuardOptions): Promise<void> {
  const running = new Map<number, Runner>();
  for (const runner of options.runners()) {
    const { process } = runner;
    if (process !== null) running.set(process.pid, runner);
  }
  if (running.size === 0) return;
  const usages = await options.meter.measure([...running.keys()]);
  for (const [pid, usage] of usages) {
    const runner = running.get(pid);
    if (runner?.process?.pid === pid) runner.measured(usage);
  }
}
