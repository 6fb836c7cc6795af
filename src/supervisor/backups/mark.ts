/**
 * Tells whether something of a tenant may have been written since a backup, without reading it. A tenant writes by its
 * processes and by commands that an operator runs for it; what it has been given is in the registry.
 */
import { createHash } from 'node:crypto';
import type { InstanceRecord } from '../../core/lifecycle/instance.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';

/** A command of an operator may write as long as it runs, and nobody notes its end. */
const EXEC_LASTS_MS = 24 * 3600 * 1000;

/** Returns a text that is another one after each change; null: the tenant may be writing now. */
export function markOf(tenantId: string, parts: SupervisorParts): string | null {
  const { tenants, tenantInstances, instanceTable, tenantLocks, domains, deps } = parts;
  const running = tenantInstances.runners(tenantId).some(({ hasProcess }) => hasProcess);
  const [lastExec] = deps.events.list({ tenant: tenantId, type: 'exec', tail: 1 });
  const isCommanded = lastExec !== undefined && deps.clock.nowMs() - lastExec.atMs < EXEC_LASTS_MS;
  const long = tenantLocks.longOn(tenantId)?.kind ?? 'backup';
  if (running || isCommanded || long !== 'backup') return null;
  const record = tenants.get(tenantId);
  const instances = tenantInstances.names(tenantId).flatMap((name) => instanceTable.record(name) ?? []);
  const secrets = deps.secrets.list(tenantId).map(({ name, version }) => [name, version]);
  const facts = [record, instances.map(ranOf), secrets, domains.store.hostsOf(tenantId), lastExec?.seq ?? null];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** What differs after each run of a process, whatever the clock says. */
function ranOf({
  service,
  env,
  limits,
  createdAtMs,
  startedAtMs,
  wakes,
  restarts,
  requests,
  lastExit,
}: InstanceRecord) {
  return [service, env, limits, createdAtMs, startedAtMs, wakes, restarts, requests, lastExit?.atMs ?? null];
}
