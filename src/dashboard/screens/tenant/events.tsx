/** What happened to the tenant, live. */
import { useMemo } from 'preact/hooks';
import type { EventEntry } from '../../../core/lifecycle/event-entry.ts';
import { Empty, ProblemBox } from '../../components/basics.tsx';
import { EventList } from '../../components/event-list.tsx';
import { getLines } from '../../state/api.ts';
import { events } from '../../state/live.ts';
import { useLoaded } from '../../state/loaded.ts';
import type { TenantPart } from './part.ts';

const MAX_EVENTS = 300;

export function TenantEvents({ tenant }: TenantPart) {
  const { value: past, problem } = useLoaded(tenant, null, (signal) =>
    getLines<EventEntry>(`/api/events?${new URLSearchParams({ tenant, tail: String(MAX_EVENTS) })}`, signal),
  );
  const all = useMemo(() => {
    const last = past?.at(-1)?.seq ?? 0;
    const later = events.value.filter((event) => event.tenant === tenant && event.seq > last);
    return [...(past ?? []), ...later].slice(-MAX_EVENTS);
  }, [past, events.value, tenant]);
  return (
    <>
      {problem !== null && <ProblemBox problem={problem} />}
      {past !== null && all.length === 0 && <Empty>Nothing has happened to {tenant} yet.</Empty>}
      <EventList events={all} label={`Events of ${tenant}`} />
    </>
  );
}
