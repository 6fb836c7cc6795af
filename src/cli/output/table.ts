/** Tables that fit a terminal. Pure. */
import type { Format, Paint } from './color.ts';
import { displayWidth, padded, shortened } from './display-width.ts';

export interface Column {
  readonly heading: string;
  /** A shorter form of each cell, which a narrow terminal shows. */
  readonly brief?: (cell: string) => string;
  /** The width to which a narrow terminal cuts cells. Never for a name that the next command needs. */
  readonly minWidth?: number;
  /** Narrow terminals leave out the columns with the lowest numbers first. Without one, the column stays. */
  readonly rank?: number;
  readonly format?: (cell: string) => Format | null;
}

/** Where a table is shown. */
export interface TableSpace {
  /** null: as wide as needed. */
  readonly columns: number | null;
  readonly paint: Paint;
  /** Spaces before each line. */
  readonly indent?: number;
}

/** Shortens a time to its date. */
export const dateOf = (cell: string) => cell.replace(/T.*/, '');
/** Keeps the larger unit: `3d 4h` → `3d`, `3d 4h ago` → `3d ago`. */
export const largerUnit = (cell: string) => cell.replace(/(\d+[dhm]) \d+[hms]/, '$1');

type Cells = readonly string[];

const GAP = '  ';

/**
 * Formats rows under headings, with columns as wide as their widest cell. Where that is too wide, cells take their short
 * form, then they are cut, then whole columns are left out.
 */
export function table(columns: readonly (string | Column)[], rows: readonly Cells[], space: TableSpace): string {
  const whole = columns.map((column) => (typeof column === 'string' ? { heading: column } : column));
  const { columns: room = null, indent = 0, paint } = space;
  const grid = { columns: whole, rows, widths: widthsOf(whole, rows) };
  const lines = linesOf(narrowed(grid, room === null ? Number.POSITIVE_INFINITY : room - indent), paint);
  return lines.map((line) => ' '.repeat(indent) + line).join('\n');
}

interface Grid {
  readonly columns: readonly Column[];
  readonly rows: readonly Cells[];
  readonly widths: readonly number[];
}

function narrowed(grid: Grid, room: number): Grid {
  if (totalWidth(grid) <= room) return grid;
  const brief = withBriefCells(grid);
  const cut = withCutCells(brief, totalWidth(brief) - room);
  const dropped = totalWidth(cut) <= room ? null : leastOf(cut.columns);
  if (dropped === null) return cut;
  // Without the column, cells may have room for their long form again.
  return narrowed(without(grid, dropped), room);
}

function withBriefCells({ columns, rows }: Grid): Grid {
  const brief = rows.map((row) => row.map((cell, index) => columns[index]?.brief?.(cell) ?? cell));
  return { columns, rows: brief, widths: widthsOf(columns, brief) };
}

/** Takes the excess from the columns that may be cut, the last ones first. */
function withCutCells({ columns, rows, widths }: Grid, excess: number): Grid {
  let left = Math.max(0, excess);
  const cut = widths.toReversed().map((width, index) => {
    const { minWidth = width } = columns[columns.length - 1 - index] ?? {};
    const taken = Math.min(left, Math.max(0, width - minWidth));
    left -= taken;
    return width - taken;
  });
  return { columns, rows, widths: cut.toReversed() };
}

function leastOf(columns: readonly Column[]): number | null {
  const ranks = columns.map(({ rank }) => rank ?? Number.POSITIVE_INFINITY);
  const least = Math.min(...ranks);
  return Number.isFinite(least) ? ranks.indexOf(least) : null;
}

function without({ columns, rows, widths }: Grid, dropped: number): Grid {
  const rest = <Item>(items: readonly Item[]) => items.toSpliced(dropped, 1);
  return { columns: rest(columns), rows: rows.map(rest), widths: rest(widths) };
}

function widthsOf(columns: readonly Column[], rows: readonly Cells[]): number[] {
  return columns.map(({ heading }, index) =>
    rows.reduce((widest, row) => Math.max(widest, displayWidth(row[index] ?? '')), displayWidth(heading)),
  );
}

function totalWidth({ widths }: Grid): number {
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
}

function linesOf({ columns, rows, widths }: Grid, paint: Paint): string[] {
  const line = (cells: Cells, formatOf: (cell: string, index: number) => Format | null) => {
    const last = cells.length - 1;
    return cells
      .map((cell, index) => {
        const text = shortened(cell, widths[index] ?? 0);
        const format = formatOf(cell, index);
        const shown = format === null ? text : paint(format, text);
        return index === last ? shown : shown + padded(text, widths[index] ?? 0).slice(text.length);
      })
      .join(GAP)
      .trimEnd();
  };
  return [
    line(
      columns.map(({ heading }) => heading),
      () => 'bold',
    ),
    ...rows.map((row) => line(row, (cell, index) => columns[index]?.format?.(cell) ?? null)),
  ];
}
