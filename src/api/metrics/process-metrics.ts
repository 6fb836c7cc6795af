/** Prometheus metrics of this process and of Node, under prom-client's usual names, which dashboards expect. */
import { type Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

/**
 * Gauges whose names end like counters', which `promtool check metrics` rejects. Each sums up another metric's labels.
 */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

const LAG = /^nodejs_eventloop_lag_\w+_seconds$/;
/** Minimum that an empty histogram of Node reports, 2^63 - 1 ns, in seconds. */
const EMPTY_MIN_S = 2 ** 63 / 1e9;

/** Registers the metrics; from then on the event loop is monitored. */
export function addProcessMetrics(registry: Registry): void {
  const { user, system } = process.cpuUsage();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  // prom-client counts from the time of its own start.
  addSeconds(registry, 'process_cpu_user_seconds_total', user);
  addSeconds(registry, 'process_cpu_system_seconds_total', system);
  addSeconds(registry, 'process_cpu_seconds_total', user + system);
  for (const metric of registry.getMetricsAsArray())
    if (metric instanceof Gauge && LAG.test(metric.name)) sayOnlyWhatIsKnown(metric);
}

function addSeconds(registry: Registry, name: string, micros: number): void {
  (registry.getSingleMetric(name) as Counter | undefined)?.inc(micros / 1e6);
}

/**
 * Hides values of a gauge that has measured nothing, at the first scrape and at one shortly after another. A real value
 * exceeds the sampling interval of 10 ms.
 */
function sayOnlyWhatIsKnown(gauge: Gauge): void {
  const get = gauge.get.bind(gauge);
  gauge.get = async () => {
    const metric = await get();
    return { ...metric, values: metric.values.filter(({ value }) => value > 0 && value < EMPTY_MIN_S) };
  };
}
