/** The dashboard's list: everything that a caller sees, as JSON in pieces that do not hold the event loop. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LiveFace } from '../../core/dashboard/live-face.ts';
import type { Access } from '../access/access.ts';
import { instanceRow, seesNamed, tenantRow } from './rows.ts';

/** Rows that are made in one turn of the event loop: a few ms. */
const PIECE = 250;

/** Yields the text of a `DashboardList`. @param cursor taken before, so that changes during the list come after it */
export async function* listText(cursor: string, live: LiveFace, access: Access): AsyncGenerator<string> {
  const ids = live.tenantIds().filter((id) => seesNamed(access, id));
  const names = live.instanceNames().filter((name) => seesNamed(access, name));
  yield `{"cursor":${JSON.stringify(cursor)},"tenants":[`;
  yield* pieces(ids.sort(), (some) => live.tenants(some).map((view) => tenantRow(access, view)));
  yield '],"instances":[';
  yield* pieces(names.sort(), (some) => live.instances(some).map(instanceRow));
  yield ']}';
}

async function* pieces<Key>(keys: readonly Key[], rowsOf: (some: readonly Key[]) => object[]): AsyncGenerator<string> {
  let separator = '';
  for (let at = 0; at < keys.length; at += PIECE) {
    const rows = rowsOf(keys.slice(at, at + PIECE));
    if (rows.length > 0) {
      yield separator + JSON.stringify(rows).slice(1, -1);
      separator = ',';
    }
    await nextTurn();
  }
}
