/** tenement's own log: JSON lines, or readable ones on a terminal. Output of tenants is not in it. */
import { pino } from 'pino';
import { build as prettyStream } from 'pino-pretty';

export interface Logger {
  /** The lowest level that is logged. */
  readonly level: string;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Returns a logger without output, for the library and for tests. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

/** Returns a logger to stderr. Write errors are ignored. @param options `pretty`: readable lines for a terminal */
export function stderrLogger(options: { level: string; pretty: boolean }): Logger {
  const base = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const destination = pino.destination({ dest: 2, sync: true });
  destination.on('error', () => {});
  if (!options.pretty) return pino(base, destination);
  return pino(base, prettyStream({ destination, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' }));
}
