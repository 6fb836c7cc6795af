/** In one look: how many are in which state, what needs attention, how the host is, what has happened. */
import { useMemo } from 'preact/hooks';
import { Badge, Empty, Foreign, Section } from '../components/basics.tsx';
import { EventList } from '../components/event-list.tsx';
import { type Concern, concerns } from '../model/attention.ts';
import { count } from '../model/format.ts';
import { withQuery } from '../model/route.ts';
import { countStates, type Rows, rowsOf } from '../model/rows.ts';
import { INSTANCE_TONES, TENANT_TONES } from '../model/states.ts';
import { nowMs } from '../state/clock.ts';
import { useCertificates } from '../state/host.ts';
import { events, rows } from '../state/live.ts';
import { permissions } from '../state/session.ts';
import { HostGauges } from './host-gauges.tsx';

const NO_ROWS: Rows = rowsOf({ instances: [], tenants: [] });
const MAX_CONCERNS = 50;
const RECENT_EVENTS = 40;

export function OverviewScreen() {
  const all = rows.value ?? NO_ROWS;
  return (
    <>
      <h1 class="for-readers">Overview</h1>
      <div class="tiles">
        <Tiles title="Instances" path="#/instances" rows={all.instances} states={Object.keys(INSTANCE_TONES)} />
        <Tiles title="Tenants" path="#/tenants" rows={all.tenants} states={Object.keys(TENANT_TONES)} />
      </div>
      {permissions.value.seeHost && <HostGauges />}
      <div class="columns">
        <Attention all={all} />
        <Section title="Recent events" extra={<a href="#/events">All events</a>}>
          {events.value.length === 0 && <Empty>Nothing has happened yet.</Empty>}
          <EventList events={events.value.slice(-RECENT_EVENTS)} label="Recent events" />
        </Section>
      </div>
    </>
  );
}

interface TilesProps {
  title: string;
  path: string;
  rows: ReadonlyMap<string, { readonly state: string }>;
  states: readonly string[];
}

function Tiles({ title, path, rows: all, states }: TilesProps) {
  const counts = countStates(all.values());
  return (
    <section aria-label={`${title} by state`}>
      <h2>
        <a href={path}>
          {title} <strong>{count(all.size)}</strong>
        </a>
      </h2>
      <ul>
        {states
          .filter((state) => (counts.get(state) ?? 0) > 0)
          .map((state) => (
            <li key={state}>
              <a href={withQuery(path, { state })}>
                <strong>{count(counts.get(state) ?? 0)}</strong>
                <Badge state={state} />
              </a>
            </li>
          ))}
      </ul>
    </section>
  );
}

function Attention({ all }: { all: Rows }) {
  const certificates = useCertificates().value ?? [];
  const found = useMemo(
    () => concerns({ rows: all, certificates, events: events.value, nowMs: nowMs.value }),
    [all, certificates, events.value, nowMs.value],
  );
  return (
    <Section title="Needs attention" extra={found.length > 0 && <span class="count">{count(found.length)}</span>}>
      {found.length === 0 && <Empty>Nothing does. All is as it should be.</Empty>}
      <ul class="concerns">
        {found.slice(0, MAX_CONCERNS).map((concern) => (
          <ConcernLine key={`${concern.subject} ${concern.word}`} concern={concern} />
        ))}
      </ul>
      {found.length > MAX_CONCERNS && <p class="muted">and {count(found.length - MAX_CONCERNS)} more</p>}
    </Section>
  );
}

function ConcernLine({ concern: { subject, word, why, level, path } }: { concern: Concern }) {
  return (
    <li>
      <Badge state={word} tone={level} />
      <span class="what">
        {path === null ? <Foreign text={subject} /> : <a href={path}>{<Foreign text={subject} />}</a>}
        <span class="message">
          <Foreign text={why} />
        </span>
      </span>
    </li>
  );
}
