/**
 * Unexpected errors. Each is logged with its stack, counted, and passed to listeners. A fault is caught as close as
 * possible to its scope: an event of an instance, a connection, one round of checks. That scope ends or is retried, and
 * the rest continues. An error that is caught nowhere reaches the program's last resort (`keepServing`), or the host
 * program of the library.
 */
import type { Logger } from './logger.ts';

/** What a fault concerns, such as `instance` or the id of a request. */
export type FaultContext = Readonly<Record<string, unknown>>;

let count = 0;
const listeners = new Set<(error: unknown, where: FaultContext) => void>();

/** Returns how many faults this process has had. */
export function faultCount(): number {
  return count;
}

/** Calls `listener` for each later fault; the returned function unsubscribes it. */
export function onFault(listener: (error: unknown, where: FaultContext) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Logs, counts and reports an unexpected error. Never throws. */
export function fault(logger: Logger, error: unknown, where: FaultContext = {}): void {
  try {
    logger.error({ ...where, err: error }, 'internal error');
  } catch {
    // The fault is counted even when it cannot be logged.
  }
  countFault(error, where);
}

/** Counts a fault that another process of this server has logged. */
export function countFault(error: unknown, where: FaultContext): void {
  count += 1;
  try {
    for (const listener of listeners) listener(error, where);
  } catch {
    // A listener that throws must not raise another fault.
  }
}

/** Runs `work`, one step among many. An exception becomes a fault, so that the other steps still run. */
export function attempt<Value>(logger: Logger, where: FaultContext, work: () => Value): Value | undefined {
  try {
    return work();
  } catch (error) {
    fault(logger, error, where);
    return undefined;
  }
}

/** Makes a rejection of a promise that nobody awaits a fault. */
export function detached(logger: Logger, where: FaultContext, work: Promise<unknown>): void {
  work.catch((error) => fault(logger, error, where));
}

/** Any emitter: a socket, a server. */
interface Emitter {
  emit(name: string | symbol, ...args: unknown[]): boolean;
  rawListeners(name: string | symbol): unknown[];
}

interface Confinement {
  readonly logger: Logger;
  readonly where: FaultContext;
}

const confinements = new WeakMap<object, Confinement>();

/**
 * Makes exceptions of the emitter's listeners faults that end only the connection in question. All listeners of `close`
 * run, even when one throws, because each releases something else.
 */
export function confine(emitter: Emitter, logger: Logger, where: FaultContext = {}): void {
  confinements.set(emitter, { logger, where });
  catchIn(emitter, logger, where, null);
}

/**
 * Makes exceptions in work for a connection faults of that connection. Exceptions of the connection's own listeners,
 * which belong to other code, are not caught.
 */
export function confineWithin(connection: object, logger: Logger, where: FaultContext = {}): void {
  if (!confinements.has(connection)) confinements.set(connection, { logger, where });
}

/**
 * Makes exceptions of a dependent emitter (a response, the other end of a tunnel) faults of its confined connection,
 * which they end together with everything that belongs to it.
 */
export function confineWith(connection: object, emitter: Emitter): void {
  const confined = confinements.get(connection);
  if (confined !== undefined) catchIn(emitter, confined.logger, confined.where, connection);
}

/** Wraps a callback, such as a timer's, so that its exceptions become faults of a confined connection. */
export function inside<Args extends unknown[]>(connection: object, work: (...args: Args) => void) {
  const guard = (...args: Args): void => {
    try {
      guard.listener(...args);
    } catch (error) {
      endOf(connection, error);
    }
  };
  // Node names the callback of its own wrappers `listener`, too.
  guard.listener = work;
  return guard;
}

/** Ends the connection in which `error` occurred. @throws `error` when the connection is not confined */
export function endOf(connection: object, error: unknown): void {
  const confined = confinements.get(connection);
  if (confined === undefined) throw error;
  fault(confined.logger, error, confined.where);
  destroy(connection, null);
}

function catchIn(emitter: Emitter, logger: Logger, where: FaultContext, connection: object | null): void {
  const { emit } = emitter;
  emitter.emit = (name, ...args) => {
    if (name === 'close') return closeAll(emitter, args, { logger, where }, connection);
    try {
      return emit.call(emitter, name, ...args);
    } catch (error) {
      fault(logger, error, { ...where, event: String(name) });
      for (const one of [emitter, ...args, connection]) destroy(one, emitter);
      return true;
    }
  };
}

function closeAll(
  emitter: Emitter,
  args: readonly unknown[],
  confined: Confinement,
  connection: object | null,
): boolean {
  const { logger, where } = confined;
  const all = emitter.rawListeners('close');
  for (const listener of all) {
    try {
      Reflect.apply(listener as (...args: unknown[]) => void, emitter, args);
    } catch (error) {
      fault(logger, error, { ...where, event: 'close' });
      destroy(connection, emitter);
    }
  }
  return all.length > 0;
}

/** Destroys a connection, or a response on one; a server lives on. */
function destroy(one: unknown, emitter: object | null): void {
  if (typeof one !== 'object' || one === null || one instanceof Error) return;
  if (one === emitter && 'listening' in one) return;
  if ('destroy' in one && typeof one.destroy === 'function') one.destroy();
}

/** Above this number of faults in a minute, the state of this process is no longer trusted. */
const MOST_A_MINUTE = 100;
const MINUTE_MS = 60_000;

/**
 * Installs the last resort of a program: uncaught exceptions and unhandled rejections become faults, and the program
 * continues. `onTooMany` is called once, when there are more than 100 within a minute.
 */
export function keepServing(logger: Logger, onTooMany: () => void): void {
  let times: number[] = [];
  let told = false;
  process.on('uncaughtException', (error, origin) => {
    fault(logger, error, { origin });
    const nowMs = performance.now();
    times = [...times.filter((atMs) => nowMs - atMs < MINUTE_MS), nowMs];
    if (times.length <= MOST_A_MINUTE || told) return;
    told = true;
    logger.error({ count: times.length }, 'too many internal errors within a minute: ending this process');
    onTooMany();
  });
}
