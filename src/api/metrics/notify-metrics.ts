/** Metrics of notifications, by receiver: scheme and host of its URL, whose path may be secret. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { NotifyCounts, NotifyPort } from '../../core/notify/notify-port.ts';

type Figure = (counts: NotifyCounts) => number;

const COUNTERS: readonly (readonly [name: string, help: string, figure: Figure])[] = [
  ['deliveries_total', 'Notifications that the receiver accepted.', ({ delivered }) => delivered],
  ['failures_total', 'Attempts to deliver a notification that failed.', ({ failed }) => failed],
];

export function addNotifyMetrics(registry: Registry, notify: Pick<NotifyPort, 'counts'>): void {
  const own = { labelNames: ['receiver'], registers: [registry] };
  new Gauge({
    ...own,
    name: 'tenement_notify_pending',
    help: 'Notifications that the receiver has not accepted yet.',
    collect() {
      this.reset();
      for (const { receiver, pending } of notify.counts()) this.set({ receiver }, pending);
    },
  });
  for (const [name, help, figure] of COUNTERS)
    new Counter({
      ...own,
      name: `tenement_notify_${name}`,
      help,
      collect() {
        this.reset();
        for (const counts of notify.counts()) this.inc({ receiver: counts.receiver }, figure(counts));
      },
    });
}
