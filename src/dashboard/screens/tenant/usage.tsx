/** What the tenant has used, as charts. */
import { useMemo } from 'preact/hooks';
import type { UsageView } from '../../../core/usage/usage-query.ts';
import { ProblemBox } from '../../components/basics.tsx';
import { Chart } from '../../components/chart.tsx';
import { bytes, compact, count, cpuTime } from '../../model/format.ts';
import { axisTime, levelsAt, SPANS, type Span, spanFrom, spanTimes, valuesAt } from '../../model/usage-series.ts';
import { getJson } from '../../state/api.ts';
import { nowMs } from '../../state/clock.ts';
import { useLoaded } from '../../state/loaded.ts';
import { route, setQuery } from '../../state/location.ts';
import type { TenantPart } from './part.ts';

const REFRESH_MS = 60_000;
const SPAN_NAMES = Object.keys(SPANS) as Span[];

export function TenantUsage({ tenant }: TenantPart) {
  const asked = route.value.query.get('span');
  const span = SPAN_NAMES.find((name) => name === asked) ?? 'day';
  const minute = Math.floor(nowMs.value / REFRESH_MS);
  const { value: usage, problem } = useLoaded(`${tenant} ${span}`, minute, async (signal) => {
    const query = new URLSearchParams({
      tenant,
      by: SPANS[span].by,
      from: spanFrom(span, Date.now()),
      limit: '1000',
    });
    return (await getJson<{ usage: UsageView[] }>(`/api/usage?${query}`, signal)).usage;
  });
  return (
    <>
      <div class="toolbar">
        {SPAN_NAMES.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === span}
            onClick={() => setQuery({ span: name === 'day' ? '' : name }, true)}
          >
            {SPANS[name].name}
          </button>
        ))}
        <span class="muted">by {SPANS[span].by}, in UTC</span>
      </div>
      {problem !== null && <ProblemBox problem={problem} />}
      {usage !== null && <Charts usage={usage} span={span} minute={minute} />}
    </>
  );
}

function Charts({ usage, span, minute }: { usage: readonly UsageView[]; span: Span; minute: number }) {
  const series = useMemo(() => {
    const times = spanTimes(span, minute * REFRESH_MS);
    const values = (meter: Parameters<typeof valuesAt>[2], per = 1) => valuesAt(times, usage, meter, per);
    const stepS = SPANS[span].stepMs / 1000;
    return {
      times,
      requests: values('requests'),
      errors: values('errors'),
      cpu: values('cpuSeconds'),
      // The average over the period, of all its processes.
      memory: values('memoryGbSeconds', stepS / 1e9),
      storage: levelsAt(times, usage, 'storageBytes'),
      egress: values('egressBytes'),
    };
  }, [usage, span, minute]);
  const axis = useMemo(
    () => ({ times: series.times, formatTime: (at: number) => axisTime(span, at) }),
    [series.times, span],
  );
  const { requests, errors, cpu, memory, storage, egress } = series;
  const sizes = { ...axis, format: bytes, isBinary: true };
  return (
    <div class="charts">
      <Chart {...axis} title="Requests" total={count(sum(requests))} values={requests} format={compact} kind="bars" />
      <Chart
        {...axis}
        title="Errors"
        total={count(sum(errors))}
        values={errors}
        format={compact}
        kind="bars"
        tone="bad"
      />
      <Chart {...axis} title="CPU time" total={cpuTime(sum(cpu))} values={cpu} format={cpuTime} kind="bars" />
      <Chart {...sizes} title="Memory, average" total={bytes(memory.at(-1) ?? 0)} values={memory} kind="line" />
      <Chart {...sizes} title="Storage" total={bytes(storage.at(-1) ?? null)} values={storage} kind="line" />
      <Chart {...sizes} title="Sent" total={bytes(sum(egress))} values={egress} kind="bars" />
    </div>
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
