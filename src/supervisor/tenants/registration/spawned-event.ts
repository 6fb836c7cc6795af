/** The event of a registration. */
import type { SpawnedEventData } from '../../../core/lifecycle/event-data.ts';
import type { InstanceRecord } from '../../../core/lifecycle/instance.ts';
import { ownLimitsView } from '../../../core/limits/limits.ts';

/** What the registration says of its own settings: the names of its variables, whose values may be secrets. */
export function spawnedEventData({ env, limits }: InstanceRecord): SpawnedEventData {
  const names = Object.keys(env);
  const own = ownLimitsView(limits);
  return { ...(names.length > 0 && { env: names }), ...(Object.keys(own).length > 0 && { limits: own }) };
}
