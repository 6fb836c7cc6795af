/** What a request adds to the usage of its tenant. */
import type { Traffic } from '../../core/usage/traffic.ts';
import type { ClientRequest } from '../client/client.ts';

/**
 * Counts a request that is passed on, once, although it may be sent again. Its bytes count for the process that has it
 * now. @param before where it counts already; null: nowhere
 */
export function countPassedOn(before: Traffic | null, now: Traffic, request: Pick<ClientRequest, 'countFor'>): Traffic {
  if (before === null) now.requests += 1;
  if (before !== now) request.countFor(now);
  return now;
}

/** Counts an answer of the tenant, or the one that stands for it. @param traffic null: the request was not passed on */
export function countAnswer(traffic: Traffic | null, status: number): void {
  if (traffic !== null && status >= 500) traffic.errors += 1;
}
