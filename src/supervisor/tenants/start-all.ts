/** What follows a registration: hooks are run, then the instances start. */
import type { Actor } from '../../core/access/actor.ts';
import { detached } from '../../faults.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import type { Registered } from './registration/registrar.ts';

export interface StartOptions {
  readonly by: Actor;
  /** false: nothing is started. */
  readonly start?: boolean | undefined;
  /** false: neither hooks nor starts are waited for. */
  readonly wait?: boolean | undefined;
}

type Started = Pick<Registered, 'runners' | 'added'>;
type StartParts = Pick<SupervisorParts, 'provisioning' | 'deps' | 'isHalted'>;

/** Settles when each instance is ready or its start has failed, if that is waited for. */
export async function provisionAndStart(
  tenantId: string,
  started: Started,
  options: StartOptions,
  parts: StartParts,
): Promise<void> {
  const start = () => startAll(started, options, parts);
  if (parts.provisioning.board.viewOf(tenantId) === null) return start();
  const done = parts.provisioning.run(tenantId).then(start);
  if (options.wait !== false) await done;
  else detached(parts.deps.logger, { tenant: tenantId }, done);
}

/** As with a repeated spawn, those that are not new are only woken. */
async function startAll(
  { runners, added }: Started,
  { start, wait, by }: StartOptions,
  parts: StartParts,
): Promise<void> {
  for (const runner of runners) {
    if (start === false || parts.isHalted(runner.name)) continue;
    runner.ask({ type: added.has(runner) ? 'start' : 'wake', by });
  }
  if (wait !== false) await Promise.all(runners.map((runner) => runner.settled()));
}
