/** A verb about archives while it runs. */
import type { Actor } from '../../core/access/actor.ts';
import type { Archives } from '../../core/archive/copies.ts';
import type { LongOperation } from '../../core/tenants/long-operation.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';
import type { Runner } from '../instance/runner.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';

export interface Running {
  readonly parts: SupervisorParts;
  readonly by: Actor;
  readonly archives: Archives;
  /** Aborts when the caller has left, or the server ends. */
  readonly signal: AbortSignal;
  readonly progress: LongOperation;
  view(runner: Runner): InstanceView;
}

/** Runs something while no other operation on these tenants does. */
export type Alone = <Value>(tenantIds: readonly string[], work: (running: Running) => Promise<Value>) => Promise<Value>;
