/** The order of a table's rows. Pure. */

/** What a row is ordered by; null is last in both directions. */
export type SortValue = string | number | null;

export interface Order {
  readonly column: string;
  readonly descending: boolean;
}

/** Reads `memory` or `-memory`. A column that there is not gives the default. */
export function orderOf(text: string | null, columns: readonly string[], fallback: string): Order {
  const descending = text?.startsWith('-') === true;
  const column = descending ? text?.slice(1) : text;
  return column != null && columns.includes(column) ? { column, descending } : { column: fallback, descending: false };
}

/** Writes an order as `orderOf` reads it; the default is the empty text. */
export function orderText({ column, descending }: Order, fallback: string): string {
  if (column === fallback && !descending) return '';
  return descending ? `-${column}` : column;
}

/** Numbers begin with the greatest, names with the first. */
export function nextOrder(order: Order, column: string, isNumber: boolean): Order {
  if (order.column === column) return { column, descending: !order.descending };
  return { column, descending: isNumber };
}

/** Sorts in place, rows of the same value by their key. */
export function sortRows<Row>(
  rows: Row[],
  valueIn: (row: Row) => SortValue,
  keyOf: (row: Row) => string,
  descending: boolean,
): Row[] {
  const sign = descending ? -1 : 1;
  const values = new Map(rows.map((row) => [row, valueIn(row)]));
  return rows.sort((a, b) => {
    const byValue = compare(values.get(a) ?? null, values.get(b) ?? null, sign);
    return byValue !== 0 ? byValue : compare(keyOf(a), keyOf(b), 1);
  });
}

function compare(a: SortValue, b: SortValue, sign: number): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -sign : sign;
}
