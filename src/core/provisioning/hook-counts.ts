/** Counts runs of hooks since the server has started, for metrics. Pure. */
import { type HookAction, type HookKey, hookName } from './hook.ts';

export interface HookCount extends HookKey {
  readonly action: HookAction;
  readonly succeeded: number;
  readonly failed: number;
  /** How long they took together. */
  readonly seconds: number;
}

/** Hooks as metrics see them. */
export interface HookFace {
  counts(): readonly HookCount[];
  /** How many tenants have hooks that have not succeeded yet. */
  incomplete(): number;
}

export class HookCounts {
  private readonly counts = new Map<string, HookCount>();

  note(key: HookKey, action: HookAction, ok: boolean, tookMs: number): void {
    const name = `${hookName(key)} ${action}`;
    const { service, hook } = key;
    const was = this.counts.get(name) ?? { service, hook, action, succeeded: 0, failed: 0, seconds: 0 };
    this.counts.set(name, {
      ...was,
      succeeded: was.succeeded + (ok ? 1 : 0),
      failed: was.failed + (ok ? 0 : 1),
      seconds: was.seconds + tookMs / 1000,
    });
  }

  get all(): readonly HookCount[] {
    return [...this.counts.values()];
  }
}
