/** The host in one line. */
import type { HostView } from '../../core/dashboard/views.ts';
import { ProblemBox } from '../components/basics.tsx';
import { Gauge, type GaugeProps } from '../components/gauge.tsx';
import { bytesOf, count } from '../model/format.ts';
import { useHost } from '../state/host.ts';

export function HostGauges() {
  const { value: host, problem } = useHost();
  if (host === null) return problem === null ? <div class="gauges" /> : <ProblemBox problem={problem} />;
  return (
    <section class="gauges" aria-label="Host">
      {gaugesOf(host).map((gauge) => (
        <Gauge key={gauge.label} {...gauge} />
      ))}
    </section>
  );
}

/** What is known, of the machine first and then of the server. */
export function gaugesOf({ memory, swap, storage, loadAverage, cpus, descriptors, instances }: HostView): GaugeProps[] {
  const load = loadAverage[0] ?? 0;
  const { running, maxRunning } = instances;
  return [
    ofBytes('Memory', memory.totalBytes - memory.availableBytes, memory.totalBytes),
    swap.totalBytes === 0
      ? { label: 'Swap', share: null, value: 'none' }
      : { ...ofBytes('Swap', swap.totalBytes - swap.freeBytes, swap.totalBytes), warnAt: 0.5 },
    { label: 'CPU load', share: load / cpus, value: `${load.toFixed(2)} on ${count(cpus)} CPUs`, warnAt: 1, badAt: 2 },
    ...(storage === null ? [] : [ofBytes('Storage', storage.totalBytes - storage.availableBytes, storage.totalBytes)]),
    // At the limit idle instances sleep, which is what it is for.
    { label: 'Running', share: running / maxRunning, value: `${count(running)} of ${count(maxRunning)}`, badAt: 1.01 },
    ofCount('Open files', descriptors.used, descriptors.limit),
  ];
}

function ofBytes(label: string, used: number, total: number): GaugeProps {
  return { label, share: used / total, value: bytesOf(used, total) };
}

function ofCount(label: string, used: number | null, limit: number): GaugeProps {
  if (used === null) return { label, share: null, value: `up to ${count(limit)}` };
  return { label, share: used / limit, value: `${count(used)} of ${count(limit)}` };
}
