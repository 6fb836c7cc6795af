/** Probes the liveness of one instance with a timer of its own, so that a hung tenant delays no other probe. */
import { afterProbe, HEALTHY, isUnhealthy, type Workload } from '../../core/lifecycle/health.ts';
import type { Clock, ProbeResult } from '../../core/ports.ts';

/**
 * A probe comes early by up to this share of the interval, so that a client that polls at the same rate does not always
 * coincide with one.
 */
const EARLY = 0.1;

export interface ProberOptions {
  readonly clock: Clock;
  /** Returns a number from 0 to 1. */
  random(): number;
  readonly intervalMs: number;
  probe(): Promise<ProbeResult>;
  workload(): Workload;
  /** Called once, when enough probes failed in a row. */
  onUnhealthy(detail: string): void;
}

/** Starts probing; the returned function ends it. */
export function startProber(options: ProberOptions): () => void {
  let health = HEALTHY;
  let ended = false;
  let cancel = () => {};
  const { clock, intervalMs, random } = options;
  const schedule = () => {
    cancel = clock.after(intervalMs * (1 - EARLY * random()), () => void round());
  };
  const round = async () => {
    const begunAtMs = clock.nowMs();
    const result = await options.probe().catch((error) => ({ ok: false as const, detail: String(error) }));
    if (ended) return;
    health = afterProbe(health, result, begunAtMs, options.workload());
    if (!isUnhealthy(health)) return schedule();
    ended = true;
    options.onUnhealthy(result.ok ? '' : result.detail);
  };
  schedule();
  return () => {
    ended = true;
    cancel();
  };
}
