/** Prometheus metrics of this process and its Node, by the names that prom-client and dashboards give them. */
import { type Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

/** Gauges with the suffix of counters, which `promtool check metrics` refuses. Each is the sum over the labels of another. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

const LAG = /^nodejs_eventloop_lag_\w+_seconds$/;
/** What an empty histogram of Node says is its minimum, 2^63 - 1 ns, in seconds. */
const EMPTY_MIN_S = 2 ** 63 / 1e9;

/** From now on; it watches the event loop. */
export function addProcessMetrics(registry: Registry): void {
  const { user, system } = process.cpuUsage();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  // prom-client counts from its own beginning.
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
 * At the first scrape, and at one soon after another, nothing has been measured yet. What has been is longer than the 10 ms
 * between two looks.
 */
function sayOnlyWhatIsKnown(gauge: Gauge): void {
  const get = gauge.get.bind(gauge);
  gauge.get = async () => {
    const metric = await get();
    return { ...metric, values: metric.values.filter(({ value }) => value > 0 && value < EMPTY_MIN_S) };
  };
}
