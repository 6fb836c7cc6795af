/**
 * Restarts the instances whose process was started with an older config, one at a time in each service: each
 * drains, and what arrives is held. When one does not come up with the new config, the others of its service
 * keep the process that they have.
 */
import type { EventLog } from '../core/ports.ts';
import type { Fleet } from './fleet.ts';
import type { Runner } from './runner.ts';

export interface RolloutDeps {
  readonly fleet: Fleet;
  readonly events: EventLog;
  nowMs(): number;
}

export class Rollout {
  private readonly deps: RolloutDeps;
  private readonly running = new Map<string, Promise<void>>();
  private ended = false;

  constructor(deps: RolloutDeps) {
    this.deps = deps;
  }

  /** Begins, or goes on after the one that is under way in that service. */
  start(service: string): Promise<void> {
    const before = this.running.get(service) ?? Promise.resolve();
    const all = before.then(() => this.run(service));
    this.running.set(service, all);
    return all;
  }

  end(): void {
    this.ended = true;
  }

  private async run(service: string): Promise<void> {
    for (const runner of this.deps.fleet.ofService(service)) {
      await runner.settled();
      if (this.ended) return;
      if (!runner.isOutdated) continue;
      // Its next start has the new config.
      if (runner.lifecycle.state === 'suspended') runner.dispatch({ type: 'evict' });
      if (runner.lifecycle.state !== 'ready') continue;
      if (!(await this.replace(runner))) return this.halt(service, runner);
    }
  }

  private async replace(runner: Runner): Promise<boolean> {
    runner.dispatch({ type: 'restart' });
    await runner.settled();
    const { state } = runner.lifecycle;
    return this.ended || (state !== 'backoff' && state !== 'failed');
  }

  private halt(service: string, runner: Runner): void {
    const waiting = this.deps.fleet.ofService(service).filter((other) => other.isOutdated).length;
    this.deps.events.append({
      atMs: this.deps.nowMs(),
      type: 'rollout-halted',
      instance: runner.name,
      message: `does not start with the new config; ${waiting} others of ${service} keep their process`,
      data: { service, waiting },
    });
  }
}
