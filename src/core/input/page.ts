/** Pages of a long list, by key: each begins after the last key of the page before, whatever has come and gone. Pure. */

export interface PageQuery<Key extends string> {
  /** At most this many. Default: all. */
  readonly limit?: number | undefined;
  /** Only what comes after this key, which need not exist any more. */
  readonly after?: Key | undefined;
}

/** @returns the keys of one page in order; `next`: what `after` must be for the next page, null after the last one */
export function pageOf<Key extends string>(
  keys: Iterable<Key>,
  { limit = Number.POSITIVE_INFINITY, after }: PageQuery<Key>,
): { readonly keys: readonly Key[]; readonly next: Key | null } {
  const rest = Array.from(keys).filter((key) => after === undefined || key > after);
  // By code units, as the comparison above.
  rest.sort((a, b) => (a < b ? -1 : 1));
  const page = rest.slice(0, limit);
  return { keys: page, next: page.length < rest.length ? (page.at(-1) ?? null) : null };
}
