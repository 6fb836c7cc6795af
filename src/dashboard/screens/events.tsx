/** Events as they happen. */
import { useMemo, useState } from 'preact/hooks';
import type { EventEntry } from '../../core/lifecycle/event-entry.ts';
import { Empty } from '../components/basics.tsx';
import { CountLine } from '../components/data-table.tsx';
import { EventList } from '../components/event-list.tsx';
import { matchingEvents } from '../model/event-filter.ts';
import { events } from '../state/live.ts';
import { route, setQuery } from '../state/location.ts';

/** More are not drawn, which no reader would miss. */
const MAX_SHOWN = 300;

export function EventsScreen() {
  const [held, setHeld] = useState<readonly EventEntry[] | null>(null);
  const all = held ?? events.value;
  const q = route.value.query.get('q') ?? '';
  const type = route.value.query.get('type') ?? '';
  const found = useMemo(() => matchingEvents(all, { q, type }), [all, q, type]);
  const types = useMemo(() => [...new Set(events.value.map((event) => event.type))].sort(), [events.value]);
  return (
    <>
      <div class="table-head">
        <h1>Events</h1>
        <CountLine shown={found.length} all={all.length} noun="newest event" />
        <search class="toolbar">
          <input
            type="search"
            class="q"
            aria-label="Search events"
            placeholder="Search events"
            data-search
            autocomplete="off"
            spellcheck={false}
            value={q}
            onInput={({ currentTarget }) => setQuery({ q: currentTarget.value }, false)}
          />
          <select
            aria-label="Type"
            value={type}
            onChange={({ currentTarget }) => setQuery({ type: currentTarget.value }, true)}
          >
            <option value="">Type</option>
            {(type === '' || types.includes(type) ? types : [...types, type]).map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
          <button
            type="button"
            aria-pressed={held !== null}
            onClick={() => setHeld(held === null ? events.value : null)}
          >
            {held === null ? 'Pause' : 'Continue'}
          </button>
        </search>
      </div>
      {found.length === 0 && (
        <Empty>{all.length === 0 ? 'Nothing has happened yet.' : 'None of the newest events matches.'}</Empty>
      )}
      <EventList events={found.slice(-MAX_SHOWN)} label="Events" />
    </>
  );
}
