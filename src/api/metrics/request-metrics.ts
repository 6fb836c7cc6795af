/** Histograms of requests and of wakes, by service, and counts of the errors that tenement itself has answered. */
import type { HistogramCounts } from '../../core/observing/histogram.ts';
import { REQUEST_BOUNDS_S, type RequestMeasures } from '../../core/observing/request-measures.ts';
import { WAKE_BOUNDS_S, type WakeDurations } from '../../core/observing/wake-durations.ts';
import { headText, type Labels, labelText, sampleText } from './text-format.ts';

type Series = Iterable<readonly [labels: Labels, counts: HistogramCounts]>;

/** @param sees whether a service is shown */
export function requestText(
  measures: Pick<RequestMeasures, 'durations'>,
  wakes: Pick<WakeDurations, 'entries'>,
  sees: (service: string) => boolean,
): string {
  const durations = Array.from(measures.durations()).filter(([service]) => sees(service));
  const wakeDurations = Array.from(wakes.entries()).filter(([service]) => sees(service));
  return (
    histogramText(
      'tenement_http_request_duration_seconds',
      'Time from the head of a request through the proxy to the head of its answer, with the wait for a wake.',
      REQUEST_BOUNDS_S,
      durations.map(([service, statusClass, counts]) => [
        [
          ['service', service],
          ['code', `${statusClass}xx`],
        ],
        counts,
      ]),
    ) +
    histogramText(
      'tenement_wake_duration_seconds',
      'Time from the start of a process that a request waits for until it is ready.',
      WAKE_BOUNDS_S,
      wakeDurations.map(([service, counts]) => [[['service', service]], counts]),
    )
  );
}

export function refusedText(measures: Pick<RequestMeasures, 'refusals'>): string {
  const name = 'tenement_http_refused_requests_total';
  const help = 'Requests that the proxy has answered itself with an error, by code.';
  const samples = Array.from(measures.refusals(), ([code, requests]) =>
    sampleText(name, labelText([['code', code]]), requests),
  );
  return headText({ name, help, type: 'counter' }) + samples.join('');
}

function histogramText(name: string, help: string, bounds: readonly number[], series: Series): string {
  let text = headText({ name, help, type: 'histogram' });
  for (const [labels, { counts, sum }] of series) {
    let count = 0;
    for (const [index, bound] of [...bounds, Number.POSITIVE_INFINITY].entries()) {
      count += counts[index] ?? 0;
      const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);
      text += sampleText(`${name}_bucket`, labelText([...labels, ['le', le]]), count);
    }
    text += sampleText(`${name}_sum`, labelText(labels), sum) + sampleText(`${name}_count`, labelText(labels), count);
  }
  return text;
}
