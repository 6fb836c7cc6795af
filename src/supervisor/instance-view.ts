/** The view of an instance for the API and the CLI. */

import { describeExit } from '../core/lifecycle/event-messages.ts';
import { limitsView } from '../core/limits/limits.ts';
import { overStorage } from '../core/limits/storage.ts';
import { formatDuration } from '../core/limits/units.ts';
import type { WebAddress } from '../core/routing/web-address.ts';
import type { TenantState } from '../core/tenants/tenant-state.ts';
import type { InstanceView } from '../core/verbs/verbs.ts';
import type { Runner } from './instance/runner.ts';

export interface ViewContext {
  readonly nowMs: number;
  /** Returns the state of a tenant. */
  tenantStateOf(tenantId: string): TenantState;
  /** Returns the URL of an instance, or null when its domain is not known. */
  webAddressOf(service: string, tenantId: string): WebAddress;
}

export function instanceViewOf(runner: Runner, context: ViewContext): InstanceView {
  const { record, service, lifecycle, inFlight, usage, upstream } = runner;
  const storage = service.storageLimitBytes === null ? null : record.storage;
  return {
    instance: runner.name,
    service: record.service,
    id: record.tenantId,
    state: lifecycle.state,
    desired: lifecycle.desired,
    pid: runner.process?.pid ?? null,
    socket: runner.paths.publicSocket,
    port: upstream !== null && 'port' in upstream ? upstream.port : null,
    url: context.webAddressOf(record.service, record.tenantId).url,
    createdAt: iso(record.createdAtMs),
    startedAt: isoOrNull(record.startedAtMs),
    lastActivityAt: isoOrNull(record.lastActivityAtMs),
    memoryBytes: usage?.memoryBytes ?? null,
    peakMemoryBytes: usage?.peakMemoryBytes ?? null,
    memoryLimitBytes: service.memoryLimitBytes,
    limits: limitsView(service),
    storageBytes: storage?.bytes ?? null,
    storageMeasuredAt: isoOrNull(storage?.measuredAtMs ?? null),
    cpuSeconds: usage?.cpuSeconds ?? null,
    restarts: record.restarts,
    wakes: record.wakes,
    lastWakeMs: record.lastWakeMs,
    requests: record.requests,
    inFlight: inFlight.requests,
    openStreams: inFlight.streams,
    openConnections: inFlight.direct,
    sleepsAt: isoOrNull(runner.sleepsAtMs),
    retryAt: isoOrNull(lifecycle.retryAtMs),
    reason: reason(runner, context),
    lastExit: lastExitOf(record.lastExit),
  };
}

function lastExitOf(exit: Runner['record']['lastExit']): InstanceView['lastExit'] {
  if (exit === null) return null;
  const { atMs, ...rest } = exit;
  return { ...rest, at: iso(atMs) };
}

function reason(runner: Runner, { nowMs, tenantStateOf }: ViewContext): string {
  const { lifecycle, held } = runner;
  switch (lifecycle.state) {
    case 'asleep':
      if (lifecycle.hold !== 'none') return heldReason(held);
      if (lifecycle.hooks === 'wanted') return 'asleep; it starts when the hooks of its service have succeeded';
      return `asleep; the next request wakes it${afterLastCrash(runner)}`;
    case 'starting':
      return startingReason(runner);
    case 'ready':
      return readyReason(runner, nowMs);
    case 'suspended':
      return 'frozen; the next request thaws it';
    case 'draining':
      return `finishing ${runner.inFlight.requests} in flight before it ${lifecycle.next === 'suspended' ? 'is frozen' : 'ends'}`;
    case 'stopping':
      return lifecycle.next === 'crash'
        ? `cleaning up after it ${crash(runner)}`
        : 'asked to end; waiting for its exit';
    case 'backoff':
      return `it ${crash(runner)}; restarts ${until(lifecycle.retryAtMs, nowMs)}`;
    case 'failed':
      return `crash loop: the last time it ${crash(runner)}; tried again ${until(lifecycle.retryAtMs, nowMs)}, or with \`tenement start\``;
    case 'stopped':
      return stoppedWithTenant(runner, tenantStateOf(runner.tenantId)) ?? stoppedReason(runner);
  }
}

function heldReason(requests: number): string {
  const waiting = `${requests} ${requests === 1 ? 'request waits' : 'requests wait'}`;
  return `an operation on its tenant is under way; ${waiting} for its end`;
}

/** Returns null when it is stopped by itself, or its tenant may run. */
function stoppedWithTenant({ tenantId }: Runner, state: TenantState): string | null {
  switch (state) {
    case 'stopped':
      return `stopped with its tenant; \`tenement tenant start ${tenantId}\` starts it again`;
    case 'expired':
      return `stopped with its tenant, whose time is over; \`tenement tenant set ${tenantId} --expires DATE\` gives it more`;
    case 'provisioning':
      return 'its tenant is being set up';
    default:
      return null;
  }
}

function stoppedReason({ record: { storage }, service }: Runner): string {
  const { storageLimitBytes } = service;
  if (storage?.stopped !== true) return 'stopped by an operator; requests do not wake it';
  if (!storage.over || storageLimitBytes === null) {
    return 'stopped when it was over its storage limit; `tenement start` starts it again';
  }
  const why = overStorage(storage.bytes, storageLimitBytes);
  return `stopped, ${why}; delete files or raise storage_limit_mb, then \`tenement start\``;
}

function startingReason({ held, lastHealth }: Runner): string {
  const waiting = held === 0 ? 'starting' : `starting, ${held} ${held === 1 ? 'request waits' : 'requests wait'}`;
  return lastHealth === null ? waiting : `${waiting}; ${lastHealth}`;
}

function readyReason(runner: Runner, nowMs: number): string {
  const { requests, streams, direct } = runner.inFlight;
  if (requests + streams > 0) return `awake: ${requests} in flight, ${streams} open WebSockets or event streams`;
  if (direct > 0) return openDirectly(direct, runner, nowMs);
  const sleepsAtMs = runner.sleepsAtMs;
  if (sleepsAtMs === null) return 'awake: idle_timeout is 0, so it never sleeps';
  const { busyUntilMs } = runner.inFlight;
  if (busyUntilMs > nowMs) return `awake: it asked to stay so for ${formatDuration(busyUntilMs - nowMs)}`;
  return `awake: idle, sleeps ${until(sleepsAtMs, nowMs)}`;
}

/** The kind of direct connection is unknown: a WebSocket, an upload, or an idle connection of a front server. */
function openDirectly(direct: number, { inFlight }: Runner, nowMs: number): string {
  const quiet = formatDuration(Math.max(0, nowMs - inFlight.lastActivityAtMs));
  const connections = direct === 1 ? '1 connection is' : `${direct} connections are`;
  return `awake: ${connections} open directly to its socket, quiet for ${quiet}`;
}

function crash(runner: Runner): string {
  const { lastExit } = runner.record;
  return lastExit === null ? 'ended' : describeExit(lastExit);
}

function afterLastCrash(runner: Runner): string {
  const { lastExit } = runner.record;
  if (lastExit === null || lastExit.reason === 'stopped') return '';
  return `; its last process ${describeExit(lastExit)}`;
}

function until(atMs: number | null, nowMs: number): string {
  return atMs === null ? 'later' : `in ${formatDuration(Math.max(0, atMs - nowMs))}`;
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : iso(atMs);
}
