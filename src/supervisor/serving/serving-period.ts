/**
 * The time in which an instance's process serves: what starts and ends with it, and how the process is frozen in
 * between.
 */
import type { Lifecycle, LifecycleEvent } from '../../core/lifecycle/lifecycle-events.ts';
import type { RunnerCallbacks, RunnerDeps, RunnerParts } from '../instance/runner-parts.ts';

export class ServingPeriod {
  private readonly parts: RunnerParts;
  private readonly callbacks: RunnerCallbacks;
  private readonly deps: Pick<RunnerDeps, 'clock' | 'generations'>;

  constructor(parts: RunnerParts, callbacks: RunnerCallbacks, deps: Pick<RunnerDeps, 'clock' | 'generations'>) {
    this.parts = parts;
    this.callbacks = callbacks;
    this.deps = deps;
  }

  enter(was: Lifecycle, event: LifecycleEvent): void {
    const { current, records, gate, monitor, suspension } = this.parts;
    const process = current.launched;
    if (process === null) return;
    const isResumed = was.state !== 'starting';
    if (isResumed) records.starting(was, event, gate.held > 0);
    const generation = this.deps.generations.next();
    gate.open({ process, generation });
    records.ready(process.record, current.isAdopted && !isResumed);
    monitor.begin({ process, generation, found: isResumed ? suspension.mayBeDirect : current.isAdopted });
  }

  leave(): void {
    const { monitor, gate } = this.parts;
    monitor.end();
    const { target } = gate;
    if (target !== null) this.deps.generations.retire(target.generation);
    gate.close();
  }

  suspend(): void {
    const { current, inFlight, suspension, monitor, usage } = this.parts;
    const process = current.launched;
    if (process === null) return;
    const service = this.callbacks.service();
    process.suspend(service);
    usage.suspended(true);
    const { idleTimeoutMs, suspendTimeoutMs, publicSocket } = service;
    const mayBeDirect = publicSocket === 'direct' || current.isAdopted || monitor.mayBeDirect;
    // For a process that an earlier server suspended, the start of the suspension follows from its last use.
    const sinceMs = current.isAdopted ? inFlight.lastActivityAtMs + idleTimeoutMs : this.deps.clock.nowMs();
    suspension.begin(process, sinceMs, suspendTimeoutMs, mayBeDirect);
  }

  resume(): void {
    const { monitor, current, gate, usage } = this.parts;
    monitor.cancelDrain();
    usage.suspended(false);
    const detail = current.launched?.resume() ?? null;
    if (detail === null) return;
    // Before held requests are forwarded to it.
    gate.close();
    current.condemn('start_failed', detail, { type: 'unfit' });
  }
}
