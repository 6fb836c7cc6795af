/** Events, the newest first. */
import type { EventEntry } from '../../core/lifecycle/event-entry.ts';
import { dateTime, eventTime } from '../model/format.ts';
import { tenantPath } from '../model/route.ts';
import { eventTone } from '../model/states.ts';
import { nowMs } from '../state/clock.ts';
import { Badge, Foreign } from './basics.tsx';

interface EventListProps {
  /** Oldest first. */
  events: readonly EventEntry[];
  label: string;
  /** Leaves out whom they are about. */
  ofOne?: boolean;
}

export function EventList({ events, label, ofOne = false }: EventListProps) {
  return (
    <ol class={`events ${ofOne ? 'of-one' : ''}`} aria-label={label}>
      {events.toReversed().map((event) => (
        <li key={event.seq}>
          <time dateTime={event.at} title={dateTime(event.at)}>
            {eventTime(event.at, nowMs.value)}
          </time>
          <Badge state={event.type} tone={eventTone(event.type)} />
          <span class="what">
            {!ofOne && <Subject event={event} />}
            <span class="message">
              <Foreign text={event.message} max={500} />
            </span>
          </span>
          <span class="actor muted">
            <Foreign text={event.actor ?? ''} max={100} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function Subject({ event: { instance, tenant } }: { event: EventEntry }) {
  const name = instance ?? tenant;
  if (name === null || tenant === null) return <span class="subject muted">server</span>;
  return (
    <a class="subject" href={tenantPath(tenant)}>
      <Foreign text={name} max={140} />
    </a>
  );
}
