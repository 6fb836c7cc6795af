/** Changes as one caller gets them: rows of what it sees, in pieces that do not hold the event loop. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { visibleEvent } from '../../core/access/event-view.ts';
import type { Changes } from '../../core/dashboard/change-log.ts';
import type { LiveFace } from '../../core/dashboard/live-face.ts';
import type { DashboardChange } from '../../core/dashboard/views.ts';
import { eventEntry } from '../../core/lifecycle/event-entry.ts';
import { isMeant } from '../../core/stores/event-log.ts';
import type { Access } from '../access/access.ts';
import type { StreamItem } from '../streaming/stream.ts';
import type { ChangeFeed } from './change-feed.ts';
import { rowsOf, seesNamed } from './rows.ts';

/** Rows that are made in one turn of the event loop: a few ms. */
const PIECE = 250;
/** Events in one message; older ones are at /api/events. */
const MAX_EVENTS = 200;

export interface ChangesDeps {
  readonly feed: ChangeFeed;
  readonly live: LiveFace;
  readonly access: Access;
}

/** Yields what changes after a cursor, a message at a time, until `signal` aborts. Nothing is made ahead of the reader. */
export async function* followChanges(
  from: string,
  deps: ChangesDeps,
  signal: AbortSignal,
): AsyncGenerator<readonly StreamItem[]> {
  let cursor = from;
  while (!signal.aborted) {
    if (cursor === deps.feed.cursor) await deps.feed.nextBatch(signal);
    for await (const item of changesAfter(cursor, deps)) {
      if (signal.aborted) return;
      cursor = item.cursor;
      if (item.change !== null) yield [{ id: item.cursor, json: item.change }];
    }
  }
}

/** A message; its `change` is null when the caller sees nothing of what has changed. */
export interface ChangesItem {
  /** What a client continues from that has got the message. */
  readonly cursor: string;
  readonly change: DashboardChange | null;
}

export async function* changesAfter(cursor: string, deps: ChangesDeps): AsyncGenerator<ChangesItem> {
  const changes = deps.feed.since(cursor);
  if (changes === null) return yield { cursor: deps.feed.cursor, change: { reset: true } };
  const names = Array.from(changes.names).filter((name) => seesNamed(deps.access, name));
  const end = deps.feed.cursorOf(changes.version);
  for (let at = 0; at + PIECE < names.length; at += PIECE) {
    yield { cursor, change: rowsOf(names.slice(at, at + PIECE), deps.live, deps.access) };
    await nextTurn();
  }
  const rest = names.slice(Math.floor(Math.max(0, names.length - 1) / PIECE) * PIECE);
  const events = eventsOf(changes, deps.access);
  const last = { ...rowsOf(rest, deps.live, deps.access), ...(events.length > 0 && { events }) };
  yield { cursor: end, change: Object.keys(last).length === 0 ? null : last };
}

function eventsOf({ events }: Changes, { actor, grants }: Access) {
  const seen = events.filter((event) => isMeant(event, { within: grants.scope }));
  return seen.slice(-MAX_EVENTS).map((event) => eventEntry(visibleEvent(event, actor, grants)));
}
