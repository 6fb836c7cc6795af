/**
 * Errors that nobody expects. Each is logged with its stack, counted, and told to whoever listens. One is caught as near
 * as can be to what it happened in: an instance's event, a connection, one round of a watch; that is ended or tried
 * again, and the rest goes on. What is caught nowhere comes to the last resort of a program (`keepServing`), and in a
 * library to its host.
 */
import type { Logger } from './logger.ts';

/** What a fault has to do with: `instance`, a request's id. */
export type Where = Readonly<Record<string, unknown>>;

let count = 0;
const listeners = new Set<(error: unknown, where: Where) => void>();

/** Of this process, since it began. */
export function faultCount(): number {
  return count;
}

/** Calls `listener` for each from now on; the returned function ends it. */
export function onFault(listener: (error: unknown, where: Where) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Never throws. */
export function fault(logger: Logger, error: unknown, where: Where = {}): void {
  try {
    logger.error({ ...where, err: error }, 'internal error');
  } catch {
    // It is counted all the same.
  }
  countFault(error, where);
}

/** One that another process of ours has logged. */
export function countFault(error: unknown, where: Where): void {
  count += 1;
  try {
    for (const listener of listeners) listener(error, where);
  } catch {
    // There is nobody left to tell.
  }
}

/** Does `work` of one among many; what it throws is a fault, and the others have their turn. */
export function attempt<Value>(logger: Logger, where: Where, work: () => Value): Value | undefined {
  try {
    return work();
  } catch (error) {
    fault(logger, error, where);
    return undefined;
  }
}

/** What nobody waits for: a rejection is a fault. */
export function detached(logger: Logger, where: Where, work: Promise<unknown>): void {
  work.catch((error) => fault(logger, error, where));
}

/** Anything that emits: a socket, a server. */
interface Emits {
  emit(name: string | symbol, ...args: unknown[]): boolean;
  rawListeners(name: string | symbol): unknown[];
}

interface Confined {
  readonly logger: Logger;
  readonly where: Where;
}

const confinements = new WeakMap<object, Confined>();

/**
 * From now on what a listener of `emitter` throws is a fault that ends the connection which it was about, and no more.
 * All listeners of `close` are called, whatever one of them throws: each lets go of something else.
 */
export function confine(emitter: Emits, logger: Logger, where: Where = {}): void {
  confinements.set(emitter, { logger, where });
  catchIn(emitter, logger, where, null);
}

/**
 * The same for what is there on account of `connection` alone, whose own listeners are somebody else's: what they throw is
 * not caught here.
 */
export function confineWithin(connection: object, logger: Logger, where: Where = {}): void {
  if (!confinements.has(connection)) confinements.set(connection, { logger, where });
}

/**
 * The same for what there is on account of a confined `connection` (a response on it, the other end of a tunnel): its
 * faults end the connection, and with it all that belongs to that.
 */
export function confineWith(connection: object, emitter: Emits): void {
  const confined = confinements.get(connection);
  if (confined !== undefined) catchIn(emitter, confined.logger, confined.where, connection);
}

/** The same for a callback of a timer, or whatever else is no event of a confined `connection` and concerns it alone. */
export function inside<Args extends unknown[]>(connection: object, work: (...args: Args) => void) {
  const guard = (...args: Args): void => {
    try {
      guard.listener(...args);
    } catch (error) {
      endOf(connection, error);
    }
  };
  // Named as Node names what its own wrappers call.
  guard.listener = work;
  return guard;
}

/** What `error` happened in is over. @throws `error` when nothing confines the connection */
export function endOf(connection: object, error: unknown): void {
  const confined = confinements.get(connection);
  if (confined === undefined) throw error;
  fault(confined.logger, error, confined.where);
  destroy(connection, null);
}

function catchIn(emitter: Emits, logger: Logger, where: Where, connection: object | null): void {
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

function closeAll(emitter: Emits, args: readonly unknown[], confined: Confined, connection: object | null): boolean {
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

/** A connection, or a response on one; a server lives on. */
function destroy(one: unknown, emitter: object | null): void {
  if (typeof one !== 'object' || one === null || one instanceof Error) return;
  if (one === emitter && 'listening' in one) return;
  if ('destroy' in one && typeof one.destroy === 'function') one.destroy();
}

/** More than so many within a minute, and what this process holds is not to be believed any more. */
const MOST_A_MINUTE = 100;
const MINUTE_MS = 60_000;

/**
 * The last resort of a program: what is thrown where nobody catches it, or rejected where nobody waits, is a fault, and
 * the program goes on. `onTooMany` is called once, when that happens again and again.
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
    logger.error({ count: times.length }, 'too many internal errors within a minute: this process ends');
    onTooMany();
  });
}
