/** A table of any length, of which only what is in sight is drawn, and in which keys move from row to row. */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { count, plural } from '../model/format.ts';
import { rowWindow, scrollTo, type Viewport } from '../model/row-window.ts';
import { nextOrder, type Order, type SortValue } from '../model/sort.ts';
import { useListKeys } from '../state/key-target.ts';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly isNumber?: boolean;
  /** From which width of the page it is shown: always, on tablets, on large screens. */
  readonly from?: 'tablet' | 'wide';
  value(row: Row): SortValue;
  cell(row: Row): ComponentChildren;
}

export interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  /** In order. */
  readonly rows: readonly Row[];
  readonly order: Order;
  readonly onOrder: (order: Order) => void;
  keyOf(row: Row): string;
  pathOf(row: Row): string;
  readonly empty: ComponentChildren;
}

/** As in tables.css. */
const ROW_HEIGHT = 32;
const TALL_ROW_HEIGHT = 44;
const HEAD_HEIGHT = 36;
const tall = matchMedia('(max-width: 40rem), (pointer: coarse)');

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows, order, onOrder, keyOf } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const viewport = useViewport(scroller);
  const rowHeight = useRowHeight();
  const activeKey = useActiveRow(props, scroller, rowHeight);
  const { from, to } = rowWindow(viewport, rowHeight, rows.length);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section class="scroller" ref={scroller} tabIndex={0} aria-label={label}>
      <table class={`data ${rowHeight === TALL_ROW_HEIGHT ? 'tall' : ''}`} aria-rowcount={rows.length + 1}>
        <colgroup>
          {columns.map(({ id, from: width }) => (
            <col key={id} class={`col-${id} ${width ?? ''}`} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Heading key={column.id} column={column} order={order} onOrder={onOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap height={from * rowHeight} />
          {rows.slice(from, to).map((row, index) => (
            <tr
              key={keyOf(row)}
              data-key={keyOf(row)}
              class={keyOf(row) === activeKey ? 'active' : ''}
              aria-rowindex={from + index + 2}
            >
              {columns.map((column) => (
                <Cell key={column.id} column={column} row={row} />
              ))}
            </tr>
          ))}
          <Gap height={(rows.length - to) * rowHeight} />
        </tbody>
      </table>
      {rows.length === 0 && props.empty}
    </section>
  );
}

function Cell<Row>({ column, row }: { column: Column<Row>; row: Row }) {
  return <td class={classOf(column)}>{column.cell(row)}</td>;
}

function classOf<Row>({ id, isNumber, from }: Column<Row>): string {
  return `cell-${id} ${isNumber === true ? 'number' : ''} ${from ?? ''}`;
}

/** Takes the place of rows that are not drawn. */
function Gap({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr class="gap" style={{ height: `${height}px` }}>
      <td />
    </tr>
  );
}

function Heading<Row>(props: { column: Column<Row>; order: Order; onOrder: (order: Order) => void }) {
  const { column, order, onOrder } = props;
  const isSorted = order.column === column.id;
  return (
    <th
      scope="col"
      class={classOf(column)}
      aria-sort={isSorted ? (order.descending ? 'descending' : 'ascending') : undefined}
    >
      <button type="button" class="sort" onClick={() => onOrder(nextOrder(order, column.id, column.isNumber === true))}>
        {column.title}
        <span aria-hidden="true">{isSorted ? (order.descending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
}

function useViewport(scroller: { current: HTMLDivElement | null }): Viewport {
  const [viewport, setViewport] = useState<Viewport>({ scrollTop: 0, height: 600 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const measure = () => setViewport({ scrollTop: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    measure();
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);
  return viewport;
}

function useRowHeight(): number {
  const [height, setHeight] = useState(tall.matches ? TALL_ROW_HEIGHT : ROW_HEIGHT);
  useEffect(() => {
    const change = () => setHeight(tall.matches ? TALL_ROW_HEIGHT : ROW_HEIGHT);
    tall.addEventListener('change', change);
    return () => tall.removeEventListener('change', change);
  }, []);
  return height;
}

/** The row that keys have moved to, by its key, so that it stays the same one when others come and go. */
function useActiveRow<Row>(
  { rows, keyOf, pathOf }: DataTableProps<Row>,
  scroller: { current: HTMLDivElement | null },
  rowHeight: number,
): string | null {
  const [active, setActive] = useState<string | null>(null);
  const indexOf = () => (active === null ? -1 : rows.findIndex((row) => keyOf(row) === active));
  const moveTo = (index: number) => {
    const element = scroller.current;
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (element === null || row === undefined) return;
    const shown = { scrollTop: element.scrollTop, height: element.clientHeight };
    element.scrollTop = scrollTo(rows.indexOf(row), shown, rowHeight, HEAD_HEIGHT);
    setActive(keyOf(row));
  };
  useListKeys({
    move: (by) => moveTo(indexOf() + by),
    moveToEnd: (isLast) => moveTo(isLast ? rows.length - 1 : 0),
    open: () => {
      const row = rows[indexOf()];
      if (row !== undefined) location.hash = pathOf(row);
    },
  });
  useEffect(() => {
    if (active === null) return;
    const row = scroller.current?.querySelector(`[data-key="${CSS.escape(active)}"] a`);
    if (row instanceof HTMLElement) row.focus({ preventScroll: true });
  }, [active]);
  return active;
}

/** "12 of 10,000 tenants" */
export function CountLine({ shown, all, noun }: { shown: number; all: number; noun: string }) {
  const whole = plural(all, noun);
  const text = shown === all ? whole : `${count(shown)} of ${whole}`;
  return (
    <p class="count" role="status">
      {text}
    </p>
  );
}
