/** How an event looks to a caller of the API. Pure. */
import type { TenementEvent } from '../stores/event-log.ts';
import type { Actor } from './actor.ts';
import type { Grants } from './permission.ts';

/** Stands for a token that the viewer may not see. */
const OTHER_TOKEN = 'token';

/**
 * Returns an event of what the viewer's scope covers, without what concerns others: names of tokens and addresses of
 * their callers, and how many other tenants a halted rollout has left.
 */
export function visibleEvent(event: TenementEvent, actor: Actor, { scope }: Grants): TenementEvent {
  if (scope.kind === 'admin') return event;
  const shown = scope.kind === 'tenant' && event.type === 'rollout-halted' ? withoutOthers(event) : event;
  if (event.tokenId !== null && event.tokenId === actor.tokenId) return shown;
  return { ...shown, actor: event.tokenId === null ? event.actor : OTHER_TOKEN, tokenId: null, address: null };
}

function withoutOthers(event: TenementEvent): TenementEvent {
  const { waiting: _others, ...data } = event.data;
  return { ...event, message: 'does not start with the new config', data };
}
