/** The metrics with a series for each instance or tenant. */
import type { QuotaView, RefusedRequests } from '../../core/quota/quota-face.ts';
import type { Tally } from '../../core/usage/tally.ts';
import type { InstanceReading } from '../../core/verbs/instance-reading.ts';
import type { TenantMetrics } from './tenant-metrics.ts';

type Rows<Thing> = readonly (readonly [name: string, help: string, read: (thing: Thing) => number | null])[];

function metrics<Thing>(prefix: string, type: 'counter' | 'gauge', rows: Rows<Thing>) {
  return rows.map(([name, help, read]) => ({ name: `${prefix}_${name}`, help, type, read }));
}

export const OF_INSTANCES: TenantMetrics<InstanceReading> = {
  metrics: [
    ...metrics<InstanceReading>('tenement_instance', 'counter', [
      ['requests_total', 'Requests forwarded to the instance.', (reading) => reading.requests],
      ['restarts_total', 'Restarts after a crash.', (reading) => reading.restarts],
      ['wakes_total', 'Times that a request woke the instance.', (reading) => reading.wakes],
    ]),
    ...metrics<InstanceReading>('tenement_instance', 'gauge', [
      ['memory_bytes', 'Resident memory of the process tree.', (reading) => reading.memoryBytes],
      ['storage_bytes', 'Size of the tenant directory on disk, if it has a limit.', (reading) => reading.storageBytes],
      ['cpu_seconds', 'Processor time of the current process tree.', (reading) => reading.cpuSeconds],
      ['in_flight', 'Requests being answered.', (reading) => reading.inFlight],
      ['open_streams', 'Open WebSockets and event streams.', (reading) => reading.openStreams],
      ['open_connections', 'Open connections directly to the socket.', (reading) => reading.openConnections],
    ]),
  ],
  tenantOf: (reading) => reading.id,
  labelsOf: (reading) => [['service', reading.service]],
};

type Used = readonly [tenantId: string, used: Readonly<Tally>];

/** What tenants have used since the server has started. */
export const OF_USAGE: TenantMetrics<Used> = {
  metrics: metrics<Used>('tenement_tenant', 'counter', [
    ['requests_total', 'Requests that were passed on.', ([, { requests }]) => requests],
    ['errors_total', 'Requests that ended with a status of 500 to 599.', ([, { errors }]) => errors],
    ['ingress_bytes_total', 'Bytes that clients sent.', ([, { ingressBytes }]) => ingressBytes],
    ['egress_bytes_total', 'Bytes that were sent to clients.', ([, { egressBytes }]) => egressBytes],
    ['cpu_seconds_total', 'Processor time of all processes.', ([, { cpuSeconds }]) => cpuSeconds],
    ['awake_seconds_total', 'Time that processes existed unfrozen.', ([, { awakeSeconds }]) => awakeSeconds],
  ]),
  tenantOf: ([tenantId]) => tenantId,
  labelsOf: () => [],
};

export const OF_REFUSALS: TenantMetrics<RefusedRequests> = {
  metrics: metrics<RefusedRequests>('tenement_tenant', 'counter', [
    [
      'refused_requests_total',
      'Requests that were refused over a rate, a quota or max_connections.',
      ({ requests }) => requests,
    ],
  ]),
  tenantOf: ({ tenantId }) => tenantId,
  labelsOf: ({ code }) => [['code', code]],
};

export interface TenantQuota extends QuotaView {
  readonly tenantId: string;
}

export const OF_QUOTAS: TenantMetrics<TenantQuota> = {
  metrics: metrics<TenantQuota>('tenement_tenant_quota', 'gauge', [
    ['used', 'Requests, seconds or bytes that the tenant used in the current period.', ({ used }) => used],
    ['limit', 'Requests, seconds or bytes that its plan allows in each period.', ({ limit }) => limit],
  ]),
  tenantOf: ({ tenantId }) => tenantId,
  labelsOf: ({ meter, period }) => [
    ['meter', meter],
    ['period', period],
  ],
};
