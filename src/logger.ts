/** tenement's own log: JSON lines, or readable ones on a terminal. Never what a tenant prints. */
import { pino } from 'pino';
import { build as prettyStream } from 'pino-pretty';

export interface Logger {
  /** Of what is less than this nothing is said. */
  readonly level: string;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A logger that says nothing: for the library and for tests. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

/** Logs to stderr. `pretty`: for a person at a terminal. */
export function stderrLogger(options: { level: string; pretty: boolean }): Logger {
  const base = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!options.pretty) return pino(base, pino.destination({ dest: 2, sync: true }));
  return pino(
    base,
    prettyStream({ destination: 2, sync: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' }),
  );
}
