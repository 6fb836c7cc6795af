/** Checks a library caller's arguments about events and logs. Pure. */
import { eventTypeProblem } from '../../lifecycle/event-types.ts';
import { assertKnown, assertTable, badInput } from '../given.ts';

/** @throws {TenementError} `bad_input` */
export function assertEventType(type: unknown): void {
  for (const one of Array.isArray(type) ? type : [type]) {
    const problem = eventTypeProblem(one);
    if (problem !== null) throw badInput('type', problem, one);
  }
}

/** @throws {TenementError} `bad_input` */
export function assertEventQuery(query: object, signal?: unknown): void {
  assertTable('query', query);
  assertKnown('query', query, ['type', 'instance', 'tenant', 'sinceMs', 'afterSeq', 'tail']);
  const { type, instance, tenant, sinceMs, afterSeq, tail } = query as Record<string, unknown>;
  if (type !== undefined) assertEventType(type);
  assertTexts({ instance, tenant });
  assertCounts({ sinceMs, afterSeq, tail });
  assertSignal('signal', signal);
}

/** @throws {TenementError} `bad_input` */
export function assertLogFilter(filter: object): void {
  assertTable('filter', filter);
  assertKnown('filter', filter, ['tail', 'sinceMs', 'grep', 'stream', 'follow', 'signal']);
  const { tail, sinceMs, grep, stream, follow, signal } = filter as Record<string, unknown>;
  assertCounts({ tail, sinceMs });
  assertTexts({ grep });
  if (stream !== undefined && stream !== 'stdout' && stream !== 'stderr')
    throw badInput('stream', 'expected "stdout" or "stderr"', stream);
  if (follow !== undefined && typeof follow !== 'boolean') throw badInput('follow', 'expected true or false', follow);
  assertSignal('signal', signal);
}

/** @throws {TenementError} `bad_input` */
export function assertListener(listener: unknown): void {
  if (typeof listener !== 'function') throw badInput('listener', 'expected a function', listener);
}

/** @throws {TenementError} `bad_input` */
export function assertSignal(name: string, signal: unknown): void {
  const isSignal = typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal;
  if (signal !== undefined && !isSignal) throw badInput(name, 'expected an AbortSignal', signal);
}

/** @throws {TenementError} `bad_input` */
export function assertTexts(texts: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(texts))
    if (value !== undefined && typeof value !== 'string') throw badInput(name, 'expected text', value);
}

/** @throws {TenementError} `bad_input` */
export function assertCounts(counts: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(counts)) {
    const isCount = value === undefined || (Number.isSafeInteger(value) && Number(value) >= 0);
    if (!isCount) throw badInput(name, 'expected a whole number', value);
  }
}
