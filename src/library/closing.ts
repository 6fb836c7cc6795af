/** The end of a hypervisor. */
import type { Parts } from '../compose.ts';
import { holdEventLoop } from '../node/hold-event-loop.ts';
import type { OpenHandler } from '../proxy/handler.ts';
import type { Followers } from './follower.ts';
import type { OpenLeases } from './open-leases.ts';
import type { CloseOptions } from './options.ts';

/** Bounds responses that hang. Others end when their instance has drained. */
const ANSWERS_GRACE_MS = 60_000;
/** Time for clients to take what was written, after the tenants have ended. */
const AFTER_TENANTS_GRACE_MS = 5_000;
/** At most this many leases are logged, the oldest first. */
const MAX_LOGGED_LEASES = 20;

/** What a host program has opened. */
export interface Opened {
  readonly parts: Parts;
  readonly handlers: readonly OpenHandler[];
  readonly leases: OpenLeases;
  readonly followers: Followers;
}

/** Ends everything, and releases the state directory. */
export async function closeAll(opened: Opened, options: CloseOptions): Promise<void> {
  const { supervisor, backups, release, logger } = opened.parts;
  const { keepTenants, hurry, drainTimeoutMs = ANSWERS_GRACE_MS } = options;
  // A backup would find each further tenant closing.
  await holdEventLoop(backups.close());
  // Instances that stay are released last.
  if (keepTenants === true) await holdEventLoop(endHandlers(opened, drainTimeoutMs, hurry));
  await holdEventLoop(keepTenants === true ? supervisor.leave(hurry) : supervisor.close(options));
  await holdEventLoop(endHandlers(opened, AFTER_TENANTS_GRACE_MS, hurry));
  const leases = opened.leases.list().slice(0, MAX_LOGGED_LEASES);
  if (leases.length > 0) logger.warn({ leases }, 'closed with leases that were not released');
  for (const end of [...opened.followers]) end();
  await holdEventLoop(release(options));
}

async function endHandlers({ parts, handlers }: Opened, graceMs: number, hurry: AbortSignal | undefined) {
  const ends = handlers.map((handler) => handler.close(graceMs, hurry));
  await Promise.all([...ends, parts.publicSockets.drain(graceMs, hurry)]);
}
