/** A chart of uPlot, which is loaded with the first one. */
import { useEffect, useRef } from 'preact/hooks';
import type { Options } from 'uplot';

export interface ChartProps {
  title: string;
  /** The sum, or the last value. */
  total: string;
  /** Seconds since the epoch. */
  times: readonly number[];
  values: readonly (number | null)[];
  format: (value: number) => string;
  /** Steps of the axis: powers of 2 for bytes. */
  isBinary?: boolean;
  formatTime: (seconds: number) => string;
  kind: 'bars' | 'line';
  tone?: 'bad';
}

const HEIGHT = 130;
const POWERS_OF_2 = Array.from({ length: 50 }, (_, exponent) => 2 ** exponent);
const dark = matchMedia('(prefers-color-scheme: dark)');

export function Chart(props: ChartProps) {
  const { title, total, times, values, format } = props;
  const place = useRef<HTMLDivElement>(null);
  const highest = Math.max(0, ...values.map((value) => value ?? 0));
  useEffect(() => {
    const stopped = new AbortController();
    if (place.current !== null) void draw(place.current, props, stopped.signal);
    return () => stopped.abort();
  }, [times, values]);
  return (
    <figure class="chart">
      <figcaption>
        <span>{title}</span> <strong>{total}</strong>
      </figcaption>
      <div ref={place} role="img" aria-label={`${title}: ${total}; the highest value is ${format(highest)}`} />
    </figure>
  );
}

async function draw(place: HTMLElement, props: ChartProps, stopped: AbortSignal): Promise<void> {
  const { default: UPlot } = await import('uplot');
  if (stopped.aborted) return;
  const { times, values } = props;
  const make = () => new UPlot(optionsOf(props, place, UPlot), [[...times], [...values]], place);
  let plot = make();
  const observer = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT }));
  observer.observe(place);
  const redraw = () => {
    plot.destroy();
    plot = make();
  };
  dark.addEventListener('change', redraw, { signal: stopped });
  stopped.addEventListener('abort', () => {
    observer.disconnect();
    plot.destroy();
  });
}

function optionsOf(
  { title, format, formatTime, isBinary, kind, tone, times }: ChartProps,
  place: HTMLElement,
  UPlot: typeof import('uplot'),
): Options {
  const color = colors(place);
  const step = (times[1] ?? 1) - (times[0] ?? 0);
  const stroke = tone === 'bad' ? color('--bad') : color('--accent');
  const axis = { stroke: color('--muted'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false } };
  return {
    width: place.clientWidth || 300,
    height: HEIGHT,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { range: (_plot, min, max) => [min - step / 2, max + step / 2] },
      y: { range: (_plot, _min, max) => [0, max <= 0 ? 1 : max * 1.08] },
    },
    tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        font: '11px system-ui',
        values: (_plot, ticks) => ticks.map(formatTime),
      },
      {
        ...axis,
        size: 56,
        font: '11px system-ui',
        values: (_plot, ticks) => ticks.map(format),
        space: 26,
        ...(isBinary === true && { incrs: POWERS_OF_2 }),
      },
    ],
    series: [
      {},
      {
        label: title,
        stroke,
        fill: kind === 'bars' ? stroke : `color-mix(in srgb, ${stroke} 15%, transparent)`,
        width: kind === 'bars' ? 0 : 1.5,
        points: { show: false },
        ...(kind === 'bars' &&
          UPlot.paths.bars !== undefined && { paths: UPlot.paths.bars({ size: [0.8, 24], align: 0 }) }),
      },
    ],
  };
}

/** The colours of the theme, as values that a canvas understands. */
function colors(place: HTMLElement): (name: string) => string {
  const probe = place.appendChild(document.createElement('span'));
  return (name) => {
    probe.style.color = `var(${name})`;
    const { color } = getComputedStyle(probe);
    queueMicrotask(() => probe.remove());
    return color;
  };
}
