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

/** Logs to stderr. `pretty`: for a person at a terminal. What cannot be written there is said to nobody. */
export function stderrLogger(options: { level: string; pretty: boolean }): Logger {
  const base = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const destination = pino.destination({ dest: 2, sync: true });
  destination.on('error', () => {});
  if (!options.pretty) return pino(base, destination);
  return pino(base, prettyStream({ destination, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' }));
}
