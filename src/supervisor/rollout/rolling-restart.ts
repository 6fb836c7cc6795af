/**
 * Restarts the instances whose process was started with an older config, one at a time in each service. Each drains,
 * and new requests are held. When one does not start with the new config, the others of its service keep their process,
 * and the next config is tried on that one first.
 */
import { CONFIG } from '../../core/access/actor.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { EventLog } from '../../core/stores/event-log.ts';
import type { Runner } from '../instance/runner.ts';
import type { InstanceTable } from '../instance-table.ts';

export interface RollingRestartDeps {
  readonly instanceTable: InstanceTable;
  readonly events: EventLog;
  nowMs(): number;
  /** Whether a new process of the instance would lack what its hooks are still to make. It is replaced when they have. */
  isWaiting(instance: InstanceName): boolean;
}

/** State for one service. */
interface Progress {
  /** Counts the configs to roll out. */
  wanted: number;
  /** The instance that did not start. */
  stuck: Runner | null;
  /** Settles when all instances are done; null when no restart is under way. */
  running: Promise<void> | null;
}

export class RollingRestart {
  private readonly deps: RollingRestartDeps;
  private readonly services = new Map<string, Progress>();
  private ended = false;

  constructor(deps: RollingRestartDeps) {
    this.deps = deps;
  }

  /** Starts restarting; a restart of this service that is under way switches to the newest config. */
  start(service: string): Promise<void> {
    const progress = this.services.get(service) ?? { wanted: 0, stuck: null, running: null };
    this.services.set(service, progress);
    progress.wanted += 1;
    progress.running ??= this.run(service, progress);
    return progress.running;
  }

  end(): void {
    this.ended = true;
  }

  private async run(service: string, progress: Progress): Promise<void> {
    let done: number;
    try {
      do {
        done = await this.round(service, progress);
      } while (done !== progress.wanted && !this.ended);
    } finally {
      progress.running = null;
    }
  }

  /** Returns the count of the newest config that need not be tried further. */
  private async round(service: string, progress: Progress): Promise<number> {
    const begun = progress.wanted;
    for (const runner of this.inOrder(service, progress.stuck)) {
      if (runner !== progress.stuck && runner.isStartingAnew) continue;
      if (this.deps.isWaiting(runner.name)) continue;
      await runner.settled();
      if (this.ended) return begun;
      const tried = progress.wanted;
      if (!this.hasFailedOnThis(runner, progress)) {
        if (!this.needsRestart(runner, progress) || (await this.replace(runner))) continue;
      }
      progress.stuck = runner;
      this.halt(service, runner);
      return tried;
    }
    progress.stuck = null;
    return begun;
  }

  private inOrder(service: string, first: Runner | null): Runner[] {
    const all = this.deps.instanceTable.ofService(service);
    return first !== null && all.includes(first) ? [first, ...all.filter((other) => other !== first)] : all;
  }

  /** Whether the instance was down before, and was started again when the config came. */
  private hasFailedOnThis(runner: Runner, { stuck }: Progress): boolean {
    return runner === stuck && isDown(runner) && !runner.isRenewed;
  }

  private needsRestart(runner: Runner, { stuck }: Progress): boolean {
    if (isDown(runner)) return runner === stuck;
    if (!runner.isOutdated) return false;
    // A suspended process is ended; its next start uses the new config.
    if (runner.lifecycle.state === 'suspended') runner.dispatch({ type: 'evict', by: CONFIG });
    return runner.lifecycle.state === 'ready';
  }

  private async replace(runner: Runner): Promise<boolean> {
    runner.dispatch({ type: 'restart', by: CONFIG });
    await runner.settled();
    return this.ended || !isDown(runner);
  }

  private halt(service: string, runner: Runner): void {
    const waiting = this.deps.instanceTable.ofService(service).filter((other) => other.isOutdated).length;
    this.deps.events.append({
      atMs: this.deps.nowMs(),
      type: 'rollout-halted',
      instance: runner.name,
      message: `does not start with the new config; ${waiting} others of ${service} keep their process`,
      data: { service, waiting },
      by: CONFIG,
    });
  }
}

/** Whether the instance does not start. */
function isDown({ lifecycle }: Runner): boolean {
  return lifecycle.state === 'backoff' || lifecycle.state === 'failed';
}
