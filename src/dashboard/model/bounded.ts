/** Lists that keep only their newest entries. Pure. */

/** Returns both lists as one, of which the oldest are left out over `max`. */
export function appended<Item>(before: readonly Item[], added: readonly Item[], max: number): readonly Item[] {
  if (added.length === 0) return before;
  if (added.length >= max) return added.slice(added.length - max);
  const kept = Math.min(before.length, max - added.length);
  return [...before.slice(before.length - kept), ...added];
}
