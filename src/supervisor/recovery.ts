/** Takes up what an earlier server left: its instances, their running processes, and processes without a record. */
import type { InstanceRecord } from '../core/lifecycle/instance.ts';
import { type InstanceName, instanceName } from '../core/lifecycle/instance.ts';
import type { LifecycleEvent } from '../core/lifecycle/lifecycle-events.ts';
import { recoveryOf } from '../core/lifecycle/recovery.ts';
import type { Launcher, ProcessTable } from '../core/ports.ts';
import type { Logger } from '../logger.ts';
import type { InstanceTable } from './instance-table.ts';

export interface RecoveryDeps {
  readonly launcher: Launcher;
  readonly processTable: ProcessTable;
  readonly logger: Logger;
  readonly instanceTable: InstanceTable;
  hasService(name: string): boolean;
  /** Whether this instance may not run. */
  isHalted(instance: InstanceName): boolean;
  nowMs(): number;
}

/**
 * Settles when no leftover process could answer in place of another. Processes that were taken back are probed from
 * then on.
 */
export async function recover(records: readonly InstanceRecord[], deps: RecoveryDeps): Promise<void> {
  const known = new Set<string>();
  const running: InstanceName[] = [];
  for (const record of records) {
    const taken = takeUp(record, deps);
    if (!taken || record.process === null) continue;
    known.add(record.process.bindSocket);
    running.push(instanceName(record.service, record.tenantId));
  }
  deps.instanceTable.openActivationSockets();
  await endStrays(known, deps);
  await deps.processTable.sweepSecrets(running);
}

/**
 * Serves an instance from now on; `InstanceTable.openActivationSockets` opens its socket if it sleeps. Returns whether
 * its running process was taken up.
 */
export function takeUp(record: InstanceRecord, deps: RecoveryDeps): boolean {
  const { launcher, processTable, instanceTable, logger } = deps;
  const instance = instanceName(record.service, record.tenantId);
  if (!deps.hasService(record.service)) {
    logger.warn({ instance }, 'not served: the config has no such service');
    return false;
  }
  try {
    instanceTable.add(record);
  } catch (error) {
    logger.warn({ instance, err: error }, 'not served: the config gives it no valid paths');
    return false;
  }
  const { process } = record;
  const isAlive = process !== null && processTable.isAlive(process);
  const isOpen = isAlive && processTable.isPublished(process);
  if (!isOpen) instanceTable.addActivationSocketSoon(record);
  const isHalted = deps.isHalted(instance);
  const recovery = recoveryOf(record, isAlive, deps.nowMs(), isHalted);
  if (recovery.do === 'nothing') return false;
  const runner = instanceTable.find(instance);
  if (recovery.do === 'dispatch' && process !== null && isAlive) {
    const request = runner.launchRequest();
    // It has not served yet, and with another config it need not finish its start.
    const isHopeless = !isHalted && record.state === 'starting' && process.spec !== launcher.spec(request);
    runner.takeUp(launcher.adopt(request, process), isHopeless ? { type: 'clear', next: 'start' } : recovery.event);
    return true;
  }
  // A start that failed with another config is tried with this one.
  if (recovery.do === 'dispatch') runner.dispatch(runner.isRenewed ? tryNow(deps.nowMs()) : recovery.event);
  if (recovery.do === 'lost' && process !== null) {
    processTable.forget(process, instance);
    runner.lost();
  }
  return false;
}

function tryNow(atMs: number): LifecycleEvent {
  return { type: 'resume-wait', state: 'backoff', atMs };
}

async function endStrays(known: ReadonlySet<string>, { processTable, logger }: RecoveryDeps): Promise<void> {
  const strays = await processTable.strays((bindSocket) => !known.has(bindSocket));
  for (const { pid, bindSocket } of strays)
    logger.warn({ pid, bindSocket }, 'ending a process of an earlier server that no record names');
  await processTable.endStrays(strays);
  for (const { bindSocket } of strays) processTable.forget({ bindSocket, publicSocket: null, cgroup: [] }, null);
}
