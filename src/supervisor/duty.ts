/** The time in which a process serves: its idle clock and its liveness probes. */
import type { Activity } from '../core/idle.ts';
import type { Clock, LaunchedProcess } from '../core/ports.ts';
import type { ServiceConfig, Settings } from '../core/service.ts';
import { IdleTimer } from './idle-timer.ts';
import { startProber } from './prober.ts';

export interface DutyOptions {
  readonly clock: Clock;
  settings(): Settings;
  service(): ServiceConfig;
  activity(): Activity;
  onIdle(): void;
  onUnhealthy(detail: string): void;
}

export class Duty {
  private readonly options: DutyOptions;
  private readonly idle: IdleTimer;
  private endProber = () => {};
  private on = false;

  constructor(options: DutyOptions) {
    const { clock, service, activity, onIdle } = options;
    this.options = options;
    this.idle = new IdleTimer({ clock, idleTimeoutMs: () => service().idleTimeoutMs, activity, onIdle });
  }

  /** When it goes to sleep if nothing more happens, ms since the epoch. */
  get sleepsAtMs(): number | null {
    return this.on ? this.idle.dueAtMs : null;
  }

  begin(process: LaunchedProcess): void {
    const { clock, settings, service, onUnhealthy } = this.options;
    this.on = true;
    this.idle.arm();
    this.endProber = startProber({
      clock,
      intervalMs: settings().healthCheckIntervalMs,
      probe: () => process.probe(service()),
      onUnhealthy,
    });
  }

  end(): void {
    this.on = false;
    this.idle.disarm();
    this.endProber();
  }

  /** The last that was open has ended. */
  quiet(): void {
    if (this.on) this.idle.arm();
  }

  /** The idle timeout may be another now. */
  renew(): void {
    this.idle.disarm();
    this.quiet();
  }
}
