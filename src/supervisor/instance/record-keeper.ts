/** The record of one instance as it changes, and its way into the registry and the event log. */

import { type Actor, SYSTEM } from '../../core/access/actor.ts';
import { eventMessage, isRestartedAtOnce, isWokenAgain } from '../../core/lifecycle/event-messages.ts';
import {
  type ExitReason,
  type InstanceName,
  type InstanceOverrides,
  type InstanceRecord,
  instanceName,
  type LastExit,
  type ProcessRecord,
} from '../../core/lifecycle/instance.ts';
import type { Lifecycle, LifecycleEvent } from '../../core/lifecycle/lifecycle-events.ts';
import { judgeStorage, type StorageFinding, storageMessage, withStop } from '../../core/limits/storage.ts';
import type { WakeDurations } from '../../core/observing/wake-durations.ts';
import type { Clock, ProcessExit } from '../../core/ports.ts';
import type { EventLog } from '../../core/stores/event-log.ts';
import type { Logger } from '../../logger.ts';
import type { InstanceActivity } from '../serving/instance-activity.ts';
import type { Recorded, WriteBehind } from '../write-behind.ts';

export interface RecordKeeperDeps {
  readonly clock: Clock;
  readonly writeBehind: WriteBehind;
  readonly events: EventLog;
  readonly logger: Logger;
  readonly wakeDurations: Pick<WakeDurations, 'observe'>;
}

export interface RecordKeeperOptions extends RecordKeeperDeps {
  /** Called when it is started or resumed because somebody needs it. */
  onWoken(): void;
}

export interface Blame {
  readonly reason: ExitReason;
  readonly detail: string | null;
}

/**
 * Commands of an operator, which are written durably. Other changes may be lost with the machine, since their process
 * is, too.
 */
const OPERATORS: ReadonlySet<LifecycleEvent['type']> = new Set(['start', 'stop', 'sleep', 'restart']);

export class RecordKeeper implements Recorded {
  private current: InstanceRecord;
  readonly name: InstanceName;
  private readonly inFlight: InstanceActivity;
  private readonly deps: RecordKeeperOptions;
  private wokenAtMs: number | null = null;
  /** Terms of its last process. */
  private terms: string | undefined;

  constructor(record: InstanceRecord, inFlight: InstanceActivity, deps: RecordKeeperOptions) {
    this.current = record;
    this.terms = record.crashes.terms;
    this.name = instanceName(record.service, record.tenantId);
    this.inFlight = inFlight;
    this.deps = deps;
  }

  /** The record, including counts in memory. */
  get record(): InstanceRecord {
    const used = this.inFlight.lastActivityAtMs;
    return { ...this.current, requests: this.inFlight.total, lastActivityAtMs: used === 0 ? null : used };
  }

  get isUnsaved(): boolean {
    return this.deps.writeBehind.isUnsaved(this);
  }

  saved(timeoutMs: number): Promise<void> {
    return this.deps.writeBehind.settled(timeoutMs, this);
  }

  /**
   * Writes a step before it is acted on. An operator's wish is written durably; a step that requests wait for is
   * written at the end of the turn.
   */
  write(was: Lifecycle, is: Lifecycle, event: LifecycleEvent): void {
    const { state, desired, crashesMs, probationUntilMs, retryAtMs } = is;
    const storage = withStop(this.current.storage, was.desired, desired, event);
    const terms = crashesMs.length > 0 && this.terms !== undefined ? { terms: this.terms } : {};
    const crashes = { crashesMs, probationUntilMs, retryAtMs, ...terms };
    this.current = { ...this.current, state, desired, crashes, storage };
    // Unregistered: the caller that asked for it removes the record.
    if (is.over && is.next === 'removed') return this.deps.writeBehind.forget(this);
    const isWaitedFor = state === 'starting' || state === 'ready';
    if (isWaitedFor && !isAsked(event)) this.deps.writeBehind.soon(this);
    else this.deps.writeBehind.save(this, desired !== was.desired && isAsked(event));
  }

  /** Takes over what the caller has written. */
  override({ env, limits }: InstanceOverrides): void {
    this.current = { ...this.current, env, limits };
  }

  /** Notes a measurement of its directory, or a changed limit. */
  stored(found: StorageFinding, limitBytes: number | null): void {
    const { storage: was } = this.current;
    const is = judgeStorage(was, found, limitBytes);
    this.current = { ...this.current, storage: is };
    const news = storageMessage(was, is, limitBytes);
    if (news === null) return this.deps.writeBehind.later(this);
    this.deps.writeBehind.save(this, false);
    const data = { bytes: found.bytes, limitBytes };
    this.deps.logger.info(
      { instance: this.name, ...data },
      news.type === 'storage-ok' ? 'storage is ok' : 'over storage',
    );
    this.deps.events.append({ ...news, atMs: this.deps.clock.nowMs(), instance: this.name, data, by: SYSTEM });
  }

  /** Notes that a request has come or gone. */
  used(): void {
    this.deps.writeBehind.later(this);
  }

  tell(was: Lifecycle, is: Lifecycle, event: LifecycleEvent, { pid, by }: { pid: number | null; by: Actor }): void {
    if (is.state === was.state) return;
    const fields = { instance: this.name, pid, state: is.state, was: was.state, cause: event.type, actor: by.name };
    this.deps.logger.info(fields, 'state changed');
    const news = eventMessage(was, is, event, this.current.lastExit);
    if (news === null || event.type === 'close') return;
    const retryAt = is.retryAtMs === null ? {} : { retryAt: new Date(is.retryAtMs).toISOString() };
    const data = { state: is.state, pid, ...retryAt };
    this.deps.events.append({ ...news, atMs: this.deps.clock.nowMs(), instance: this.name, data, by });
  }

  /**
   * Notes the start of a process: by a request or an operator, after a crash or not. @param held whether requests wait
   * for it
   */
  starting(was: Lifecycle, event: LifecycleEvent, held: boolean): void {
    this.wokenAtMs = held ? this.deps.clock.nowMs() : null;
    const { wakes, restarts } = this.current;
    if (event.type === 'wake' || isWokenAgain(was)) {
      this.current = { ...this.current, wakes: wakes + 1 };
      this.deps.onWoken();
    }
    if (event.type === 'retry' || isRestartedAtOnce(was)) this.current = { ...this.current, restarts: restarts + 1 };
  }

  launched(process: ProcessRecord): void {
    this.current = { ...this.current, process, startedAtMs: this.deps.clock.nowMs() };
    this.deps.writeBehind.soon(this);
  }

  /** A process that was taken back keeps its idle clock, if it was ever used. */
  ready(process: ProcessRecord, takenBack: boolean): void {
    this.current = { ...this.current, process };
    const nowMs = this.deps.clock.nowMs();
    if (takenBack && this.inFlight.lastActivityAtMs > 0) return;
    this.inFlight.began(nowMs);
    if (this.wokenAtMs === null) return;
    const lastWakeMs = nowMs - this.wokenAtMs;
    this.current = { ...this.current, lastWakeMs };
    this.deps.wakeDurations.observe(this.current.service, lastWakeMs);
  }

  exited(exit: ProcessExit, blame: Blame | null, lastLines: readonly string[]): void {
    const lastExit: LastExit = {
      code: exit.code,
      signal: exit.signal,
      reason: blame?.reason ?? reasonOf(exit),
      detail: blame?.detail ?? null,
      lastLines,
      atMs: this.deps.clock.nowMs(),
    };
    this.current = { ...this.current, lastExit };
  }

  /**
   * Notes that nothing is left of the process. Its last output may have been read after its exit was seen.
   * @param terms terms of its start; null when it did not start, or they are unknown
   */
  ended(lastLines: readonly string[] | null, terms: string | null): void {
    if (terms !== null) this.terms = terms;
    const { lastExit } = this.current;
    const completed = lastExit === null || lastLines === null ? lastExit : { ...lastExit, lastLines };
    this.current = { ...this.current, process: null, startedAtMs: null, lastExit: completed };
  }

  /**
   * Saves the record durably, because the server ends and leaves the process running, or no longer serves the instance.
   */
  release(): void {
    this.deps.writeBehind.save(this, true);
  }
}

/** Whether an operator asked for it. */
function isAsked(event: LifecycleEvent): boolean {
  return OPERATORS.has(event.type) && !(event.type === 'sleep' && event.isIdle === true);
}

function reasonOf({ oom, signal }: ProcessExit): ExitReason {
  if (oom) return 'oom';
  return signal === null ? 'exit' : 'signal';
}
