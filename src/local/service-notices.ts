/**
 * Keeps systemd informed while the server runs: that it is ready, how many instances are awake, and, for the watchdog
 * (`WatchdogSec=`), that its event loop turns. A server that hangs is killed and started again; its tenants run on.
 */
import type { SocketKeeper } from '../core/service/kept-sockets.ts';
import { notifyService } from '../process/systemd/notify.ts';
import { socketStore } from '../process/systemd/socket-store.ts';

/** How often the status is looked at. */
const STATUS_MS = 5000;
/** Pings in the time of the watchdog, so that one that is late does no harm (sd_watchdog_enabled(3) advises two). */
const PINGS = 3;
const VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];

export class ServiceNotices {
  private readonly env: NodeJS.ProcessEnv;
  private readonly watchdogMs: number | null;
  private timer: NodeJS.Timeout | null = null;
  private told = '';

  /** Takes the variables out of `env`: the manager hears from the server alone, and from no program that it starts. */
  constructor(env: NodeJS.ProcessEnv, pid = process.pid) {
    this.env = { ...env };
    this.watchdogMs = watchdogMs(env, pid);
    for (const variable of VARIABLES) delete env[variable];
  }

  /** Keeps sockets for the next server; null: nobody does. */
  get keeper(): SocketKeeper | null {
    return socketStore(this.env);
  }

  /** @param status returns a line for a person, shown by `systemctl status` */
  ready(status: () => string): void {
    if (this.env['NOTIFY_SOCKET'] === undefined) return;
    this.told = status();
    notifyService({ state: 'READY=1', status: this.told }, this.env);
    const everyMs = Math.min(STATUS_MS, (this.watchdogMs ?? Number.POSITIVE_INFINITY) / PINGS);
    this.timer = setInterval(() => this.tell(status()), everyMs).unref();
  }

  stopping(status: string): void {
    if (this.timer !== null) clearInterval(this.timer);
    notifyService({ state: 'STOPPING=1', status }, this.env);
  }

  private tell(status: string): void {
    const isNew = status !== this.told;
    this.told = status;
    if (!isNew && this.watchdogMs === null) return;
    notifyService({ ...(this.watchdogMs !== null && { state: 'WATCHDOG=1' }), ...(isNew && { status }) }, this.env);
  }
}

/** Returns the time within which a ping is expected; null when none is expected from this process. */
export function watchdogMs({ WATCHDOG_USEC: us, WATCHDOG_PID: meant }: NodeJS.ProcessEnv, pid: number): number | null {
  if (us === undefined || (meant !== undefined && meant !== String(pid))) return null;
  const ms = Number(us) / 1000;
  return ms > 0 ? ms : null;
}
