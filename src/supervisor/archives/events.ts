/** Events of copies of tenants. */
import type { EventType } from '../../core/lifecycle/event-types.ts';
import type { Running } from './running.ts';

export function tellCopy(
  type: Extract<EventType, `tenant-${'exported' | 'imported' | 'cloned'}`>,
  tenant: string,
  message: string,
  data: Readonly<Record<string, unknown>>,
  { parts, by }: Running,
): void {
  const { events, clock } = parts.deps;
  events.append({ atMs: clock.nowMs(), type, instance: null, tenant, message, data, by });
}
