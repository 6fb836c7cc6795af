/** What a host program gives to a hypervisor. */
import type { Clock } from '../core/ports.ts';
import type { Logger } from '../logger.ts';
import type { LifecycleHooks } from './lifecycle-hooks.ts';

/** What `Hypervisor.load` takes beside the config. */
export interface HypervisorOptions {
  /** Gets the log; pino's, or any with these methods. Default: there is none. */
  readonly logger?: HostLogger;
  /** Overrides the config's `data_dir`; absolute, or relative to the current directory. */
  readonly dataDir?: string;
  /** Port of the caller's own proxy, used in URLs. Default: the port of `[proxy] listen`. */
  readonly proxyPort?: number;
  /** Called around each process of an instance. */
  readonly hooks?: LifecycleHooks;
  /**
   * The time that tenement goes by: idle time-outs, back-off, expiry, usage, schedules. Default: the system's. What the
   * operating system measures, such as processor time, is not affected.
   */
  readonly clock?: Clock;
}

/** A logger of the host program. Each line has fields and a constant message. What it throws is ignored. */
export interface HostLogger {
  /** The lowest level that is logged. Default: `info`. */
  readonly level?: string;
  /** Logs a detail, such as a probe. */
  debug(fields: object, message: string): void;
  /** Logs what happens, such as a change of a state. */
  info(fields: object, message: string): void;
  /** Logs what may become a problem. */
  warn(fields: object, message: string): void;
  /** Logs a failure. */
  error(fields: object, message: string): void;
}

/** What `Hypervisor.temporary` takes beside the config. */
export type TemporaryOptions = Omit<HypervisorOptions, 'dataDir'>;

/** A config for `Hypervisor.temporary`: the path of a file, or its text, whose paths are then relative to `dir`. */
export type TemporaryConfig =
  | { readonly file: string }
  | {
      readonly toml: string;
      /** Default: the current directory. */
      readonly dir?: string;
    };

/** How a hypervisor ends. */
export interface CloseOptions {
  /** Whether every process runs on, for the next hypervisor of this state directory. Default: false. */
  readonly keepTenants?: boolean;
  /** How long to wait for requests, in ms; processes then get SIGTERM. Default: the services' `drain_timeout`. */
  readonly drainTimeoutMs?: number;
  /** When it aborts, nothing is waited for: every process is killed, or with `keepTenants` released. */
  readonly hurry?: AbortSignal;
}

/** Returns a logger whose failures concern nobody, and whose methods need no `this`. */
export function guardedLogger(logger: HostLogger): Logger {
  const guarded =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      try {
        logger[level](fields, message);
      } catch {
        // A log that cannot be written must not end what it tells of.
      }
    };
  return {
    get level() {
      return logger.level ?? 'info';
    },
    debug: guarded('debug'),
    info: guarded('info'),
    warn: guarded('warn'),
    error: guarded('error'),
  };
}
