/** What the event log says of a secret: everything but its value. */
import type { Actor } from '../../core/access/actor.ts';
import type { EventType } from '../../core/lifecycle/event-types.ts';
import type { SecretVersion } from '../../core/secrets/sealed-secret.ts';
import type { NewEvent } from '../../core/stores/event-log.ts';

export type SecretEventType = Extract<EventType, `secret-${string}`>;

export function secretEvent(
  type: SecretEventType,
  tenant: string,
  { name, version, source }: SecretVersion,
  { by, atMs }: { readonly by: Actor; readonly atMs: number },
): NewEvent {
  const message = `${name}, version ${version}${source === 'operator' ? '' : ` (${source})`}`;
  return { atMs, type, instance: null, tenant, message, data: { name, version, source }, by };
}
