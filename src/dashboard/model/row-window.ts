/** Which rows of a long table are drawn. Pure. */

export interface Viewport {
  readonly scrollTop: number;
  readonly height: number;
}

export interface RowWindow {
  /** Index of the first row, and of the first that is not drawn any more. */
  readonly from: number;
  readonly to: number;
}

/** Rows beyond each edge, so that a slow frame shows no gap. */
const OVERSCAN = 12;

export function rowWindow({ scrollTop, height }: Viewport, rowHeight: number, count: number): RowWindow {
  const first = Math.floor(scrollTop / rowHeight) - OVERSCAN;
  const last = Math.ceil((scrollTop + height) / rowHeight) + OVERSCAN;
  const to = Math.min(count, Math.max(0, last));
  return { from: Math.min(to, Math.max(0, first)), to };
}

/** Returns where to scroll so that a row is in sight, below the table's head; the same place if it is already. */
export function scrollTo(
  index: number,
  { scrollTop, height }: Viewport,
  rowHeight: number,
  headHeight: number,
): number {
  const top = index * rowHeight;
  const bottom = top + rowHeight + headHeight;
  if (top < scrollTop) return top;
  return bottom > scrollTop + height ? bottom - height : scrollTop;
}
