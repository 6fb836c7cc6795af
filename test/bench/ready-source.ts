/** Instances `app:t0` to `app:tN`, always ready at `DIR/t0.sock` and so on, behind the supervisor's own gate. */

import type { UpstreamSource } from '../../src/core/admission/serving.ts';
import type { InstanceName } from '../../src/core/lifecycle/instance.ts';
import { newLifecycle } from '../../src/core/lifecycle/lifecycle.ts';
import type { LaunchedProcess } from '../../src/core/ports.ts';
import { Allowance } from '../../src/core/quota/allowance.ts';
import type { QuotaLedger } from '../../src/core/quota/quota-period.ts';
import type { QuotaPolicy } from '../../src/core/quota/quota-policy.ts';
import type { ServiceConfig, Settings } from '../../src/core/service/service.ts';
import { Traffic } from '../../src/core/usage/traffic.ts';
import { systemClock } from '../../src/node/clock.ts';
import { RecentClients } from '../../src/supervisor/admission/recent-clients.ts';
import { InstanceActivity } from '../../src/supervisor/serving/instance-activity.ts';
import { RequestGate } from '../../src/supervisor/serving/request-gate.ts';

/** @param policy what the plan of all tenants says; null: nothing */
export function readySource(count: number, dir: string, policy: QuotaPolicy | null = null): UpstreamSource {
  const gates = new Map<InstanceName, RequestGate>();
  for (let index = 0; index < count; index += 1) gates.set(`app:t${index}`, openGate(index, dir, policy));
  return {
    has: (instance) => gates.has(instance),
    claim: (instance, signal) => gates.get(instance)?.claim(signal) ?? { refused: 'unknown_tenant', retryAfterS: null },
    countConnection: () => {},
    onRetired: () => {},
  };
}

function openGate(index: number, dir: string, policy: QuotaPolicy | null): RequestGate {
  const nothing = () => {};
  const service = { requestTimeoutMs: 60_000, wakeQueue: 256, startupTimeoutMs: 30_000 } as ServiceConfig;
  const settings = { restartWindowMs: 300_000, maxRestarts: 3 } as Settings;
  const gate = new RequestGate({
    name: `app:t${index}`,
    tenantId: `t${index}`,
    clock: systemClock,
    inFlight: new InstanceActivity(0, 0),
    recentClients: new RecentClients(),
    traffic: new Traffic(),
    lifecycle: () => READY,
    service: () => service,
    settings: () => settings,
    hooksRefusal: () => null,
    refusal: () => null,
    allowance: () => (policy === null ? null : allowanceOf(`t${index}`, policy)),
    onNeeded: nothing,
    onUsed: nothing,
    onQuiet: nothing,
    onDeserted: nothing,
    onGrantsEnded: nothing,
  });
  const process = { upstream: { socketPath: `${dir}/t${index}.sock` } } as LaunchedProcess;
  gate.open({ process, generation: index + 1 });
  return gate;
}

/** An allowance whose quotas are written nowhere. */
function allowanceOf(tenantId: string, policy: QuotaPolicy): Allowance {
  const ledger: QuotaLedger = { read: () => null, write: () => true, soon: () => {}, announce: () => {} };
  const nowMs = () => systemClock.nowMs();
  return new Allowance(tenantId, policy, {
    nowMs,
    steadyMs: () => performance.now(),
    ledger,
    total: () => 0,
    onRefused: () => {},
  });
}

const READY = { ...newLifecycle('up'), state: 'ready' as const };
