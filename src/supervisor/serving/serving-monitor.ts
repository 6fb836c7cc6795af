/** Monitors a process while it serves: idle time, liveness probes, direct traffic, and finally its drain. */
import { directPatience } from '../../core/admission/direct-patience.ts';
import type { Workload } from '../../core/lifecycle/health.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { FollowUp } from '../../core/lifecycle/lifecycle-events.ts';
import type { Clock, LaunchedProcess, ProbeResult } from '../../core/ports.ts';
import type { ServiceConfig, Settings } from '../../core/service/service.ts';
import type { Logger } from '../../logger.ts';
import { type ConnectionCounts, DirectTraffic } from '../activity/direct-traffic.ts';
import { IdleTimer } from '../activity/idle-timer.ts';
import type { OwnConnections } from '../activity/own-connections.ts';
import { RestCheck } from '../activity/rest-check.ts';
import { startProber } from '../monitors/prober.ts';
import { Drain } from './drain.ts';
import type { InstanceActivity } from './instance-activity.ts';

/** Time in which a process finishes its work for an answered probe, apart from deferred work. */
const AFTER_PROBE_MS = 50;
/** While a probe waits, direct requests cannot be told from it, so a slower probe counts as a request. */
const QUICK_PROBE_MS = 250;

export interface ServingMonitorOptions {
  readonly instance: InstanceName;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly inFlight: InstanceActivity;
  readonly ownConnections: OwnConnections;
  /** Returns a number from 0 to 1. */
  random(): number;
  settings(): Settings;
  service(): ServiceConfig;
  /** Returns what follows the drain. */
  next(): FollowUp;
  /** Returns the number of connections to each socket, by bound path. */
  connections(): ConnectionCounts;
  /** Bound paths of the activation sockets that some of the connections came in at. */
  listeners(): readonly string[];
  /** Reports direct traffic to its socket. */
  onUsed(): void;
  onIdle(): void;
  onUnhealthy(detail: string): void;
  /** Direct connections from before its public socket was `proxied` have not ended in time. */
  onLeftover(): void;
}

export interface ServingProcess {
  readonly process: LaunchedProcess;
  readonly generation: number;
  /** Whether it ran before, so that its connections are not known. */
  readonly found: boolean;
}

export class ServingMonitor {
  private readonly options: ServingMonitorOptions;
  private readonly idle: IdleTimer;
  private readonly traffic: DirectTraffic;
  private ongoingDrain: Drain | null = null;
  private endProber = () => {};
  /** null while the process does not serve. */
  private restCheck: RestCheck | null = null;
  /** Since when the socket is `proxied`, while direct connections from before may be left; otherwise null. */
  private switchedAtMs: number | null = null;

  constructor(options: ServingMonitorOptions) {
    const { clock, service, inFlight, onIdle } = options;
    this.options = options;
    this.traffic = new DirectTraffic(options.ownConnections);
    this.idle = new IdleTimer({
      clock,
      idleTimeoutMs: () => service().idleTimeoutMs,
      activity: () => inFlight.activity,
      beforeIdle: () => this.lookAtTraffic(),
      onIdle,
    });
  }

  /** When it goes to sleep if nothing more happens, ms since the epoch. */
  get sleepsAtMs(): number | null {
    return this.restCheck === null ? null : this.idle.dueAtMs;
  }

  begin({ process, generation, found }: ServingProcess): void {
    const { clock, random, settings, listeners, onUnhealthy } = this.options;
    this.restCheck = new RestCheck({ clock, process, listeners, onRest: () => this.rest() });
    this.traffic.begin(process, generation, found);
    this.switchedAtMs = found ? clock.nowMs() : null;
    this.idle.arm();
    this.endProber = startProber({
      clock,
      random,
      intervalMs: settings().healthCheckIntervalMs,
      probe: () => this.probe(process),
      workload: () => this.workload,
      onUnhealthy,
    });
  }

  /** Probes the process. A probe must not keep it awake, over connections on which nothing else happens. */
  private async probe(process: LaunchedProcess): Promise<ProbeResult> {
    const { clock, service } = this.options;
    const begunAtMs = clock.nowMs();
    this.traffic.probeBegins(begunAtMs);
    const result = await process.probe(service());
    const isQuick = clock.nowMs() - begunAtMs <= QUICK_PROBE_MS;
    clock.after(AFTER_PROBE_MS, () => this.traffic.probeEnded(isQuick, clock.nowMs()));
    return result;
  }

  private get workload(): Workload {
    const { clock, inFlight, service } = this.options;
    const { requests, direct, answeredAtMs } = inFlight;
    const { requestTimeoutMs } = service();
    return { nowMs: clock.nowMs(), isBusy: requests + direct > 0, answeredAtMs, requestTimeoutMs };
  }

  end(): void {
    this.restCheck?.end();
    this.restCheck = null;
    this.options.inFlight.direct = 0;
    this.idle.disarm();
    this.endProber();
  }

  /** Starts the idle clock, because the last open request or stream has ended. */
  quiet(): void {
    if (this.restCheck !== null) this.idle.arm();
  }

  /** Applies a changed idle timeout. */
  renew(): void {
    this.idle.disarm();
    this.quiet();
  }

  /** Whether clients may be connected to the process directly. */
  get mayBeDirect(): boolean {
    return this.traffic.mayBeOpen();
  }

  /** Its public socket is served by another from now on. */
  switched(): void {
    this.traffic.switched();
    this.switchedAtMs = this.options.clock.nowMs();
  }

  /** Notes direct traffic since the last look. */
  lookAtTraffic(): void {
    if (this.restCheck === null) return;
    this.look(this.restCheck);
    if (this.options.inFlight.activity.open === 0) this.idle.arm();
    else this.askWhetherAtRest(this.restCheck);
  }

  private look(restCheck: RestCheck): void {
    const { inFlight, clock, connections, onUsed } = this.options;
    const active = this.traffic.look(connections, clock.nowMs());
    inFlight.direct = this.traffic.busy;
    this.lookForLeftover();
    if (!active) return;
    restCheck.moved();
    inFlight.came(clock.nowMs());
    onUsed();
  }

  /** With `proxied`, direct connections can only end. A front server may keep some for as long as there are requests. */
  private lookForLeftover(): void {
    const { clock, service, onLeftover } = this.options;
    const { publicSocket, drainTimeoutMs } = service();
    if (this.switchedAtMs === null || publicSocket === 'direct') return;
    const isLate = clock.nowMs() - this.switchedAtMs >= drainTimeoutMs;
    if (this.traffic.open > 0 && !isLate) return;
    this.switchedAtMs = null;
    if (this.traffic.open > 0) onLeftover();
  }

  /** Checks when only connections on which nothing moves have kept the process awake for its idle timeout. */
  private askWhetherAtRest(restCheck: RestCheck): void {
    const quietMs = this.quietMs;
    if (quietMs !== null) void restCheck.ask(quietMs);
  }

  private get quietMs(): number | null {
    const { inFlight, clock, service } = this.options;
    const { idleTimeoutMs } = service();
    const quietMs = clock.nowMs() - inFlight.lastActivityAtMs;
    const isDue = idleTimeoutMs > 0 && quietMs >= idleTimeoutMs && inFlight.requests + inFlight.streams === 0;
    return isDue ? quietMs : null;
  }

  /** Marks connections as at rest, unless something has moved since the check. */
  private rest(): void {
    if (this.restCheck === null) return;
    this.look(this.restCheck);
    if (this.quietMs === null) return;
    this.traffic.rest();
    this.options.inFlight.direct = this.traffic.busy;
    this.idle.arm();
  }

  /** Drains after `end`: calls `onDone` once nothing is in flight, or after `timeoutMs`; `isQuiet` as in `Drain`. */
  drain(timeoutMs: number, onDone: (isQuiet: boolean) => void): void {
    const { clock, inFlight, connections, next } = this.options;
    const onLate = (afterMs: number) => this.tellLate(afterMs);
    const patience = () => directPatience(next());
    const { traffic } = this;
    this.ongoingDrain = new Drain({
      clock,
      inFlight,
      traffic,
      counts: connections,
      timeoutMs,
      patience,
      onDone,
      onLate,
    });
  }

  private tellLate(afterMs: number): void {
    const { instance, logger, inFlight, connections } = this.options;
    const { requests, streams } = inFlight;
    const direct = this.traffic.countNow(connections());
    logger.warn({ instance, afterMs, requests, streams, direct }, 'drain timed out; ending the process anyway');
  }

  /** Replaces the time-out of the drain that is under way. */
  limitDrain(timeoutMs: number): void {
    this.ongoingDrain?.limit(timeoutMs);
  }

  cancelDrain(): void {
    this.ongoingDrain?.cancel();
  }
}
