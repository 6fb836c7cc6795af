/** Whom a Host header may name, remembered for the headers that come again and again. */
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import { candidates, normalizeHost, type RoutingTable } from '../../core/routing/routing.ts';

/** Past it all are forgotten: whoever sends so many different ones is not to fill the memory. */
const MAX_REMEMBERED = 20_000;
/** RFC 1035 §2.3.4, and a port. */
const MAX_LENGTH = 261;

type Named = readonly InstanceName[] | null;

const known = new WeakMap<RoutingTable, Map<string, Named>>();

/** The instances that it may name, first match first; null when it is no valid host. */
export function namedBy(host: string, table: RoutingTable): Named {
  const names = known.get(table) ?? remember(table);
  const before = names.get(host);
  if (before !== undefined) return before;
  const normalized = normalizeHost(host);
  const named = normalized === null ? null : candidates(normalized, table);
  if (host.length > MAX_LENGTH) return named;
  if (names.size >= MAX_REMEMBERED) names.clear();
  names.set(host, named);
  return named;
}

function remember(table: RoutingTable): Map<string, Named> {
  const names = new Map<string, Named>();
  known.set(table, names);
  return names;
}
