/** The rows and newest events of the server, live by one stream for all screens. */
import { signal } from '@preact/signals';
import type { DashboardChange, DashboardList } from '../../core/dashboard/views.ts';
import type { EventEntry } from '../../core/lifecycle/event-entry.ts';
import { appended } from '../model/bounded.ts';
import { type Rows, rowsOf, withChange } from '../model/rows.ts';
import type { ServerSentEvent } from '../model/sse.ts';
import { type ApiError, getJson, getLines, path } from './api.ts';
import { EventStream, type StreamState } from './event-stream.ts';

/** How many events the page keeps. */
const MAX_EVENTS = 1000;
const FIRST_EVENTS = 200;

/** null: not read yet. */
export const rows = signal<Rows | null>(null);
/** Oldest first. */
export const events = signal<readonly EventEntry[]>([]);
export const liveState = signal<StreamState>('connecting');
export const liveError = signal<ApiError | null>(null);

let stream: EventStream | null = null;
/** Where the changes continue; null: everything is read anew. */
let cursor: string | null = null;

export function beginLive(): void {
  stream ??= new EventStream({ address, onEvents, onState });
}

export function endLive(): void {
  stream?.stop();
  stream = null;
  cursor = null;
  rows.value = null;
  events.value = [];
}

async function address(): Promise<string> {
  if (cursor === null) cursor = await readAll();
  return path`/api/dashboard/changes?after=${cursor}`;
}

async function readAll(): Promise<string> {
  const [list, past] = await Promise.all([
    getJson<DashboardList>('/api/dashboard'),
    getLines<EventEntry>(`/api/events?tail=${FIRST_EVENTS}`, AbortSignal.timeout(60_000)),
  ]);
  rows.value = rowsOf(list);
  addEvents(past);
  return list.cursor;
}

function onEvents(batch: readonly ServerSentEvent[]): void {
  for (const { id, data } of batch) {
    const change = JSON.parse(data) as DashboardChange;
    if (change.reset === true) {
      cursor = null;
      stream?.restart();
      return;
    }
    cursor = id ?? cursor;
    if (hasRows(change)) rows.value = withChange(rows.value ?? rowsOf({ instances: [], tenants: [] }), change);
    addEvents(change.events ?? []);
  }
}

function hasRows({ instances, tenants, removedInstances, removedTenants }: DashboardChange): boolean {
  return [instances, tenants, removedInstances, removedTenants].some((list) => list !== undefined && list.length > 0);
}

/** Events may be in the list and in the stream. */
function addEvents(added: readonly EventEntry[]): void {
  const last = events.value.at(-1)?.seq ?? 0;
  events.value = appended(
    events.value,
    added.filter(({ seq }) => seq > last),
    MAX_EVENTS,
  );
}

function onState(state: StreamState, error: ApiError | null): void {
  liveState.value = state;
  liveError.value = error;
}
