/** Header rules, on raw header arrays [name, value, name, value, …] as in Node. Pure. */

import type { RequestTrace } from '../../core/observing/request-trace.ts';
import {
  headerKey,
  isDroppedOfResponses,
  mayBeDroppedOfResponses,
  mayHaveRequestRule,
  requestRule,
} from '../../core/routing/header-rules.ts';
import { SESSION_COOKIE, withoutSessions } from '../../core/routing/session-cookies.ts';
import type { ForwardedLines, HeaderLines } from '../client/plain/plain-head.ts';
import { announcedTrailers, takesTrailers } from './trailers.ts';

/**
 * Fields that Connection cannot remove, because the message would be a different one without them (RFC 9110 §7.6.1).
 */
const END_TO_END = new Set(['host', 'content-length', 'content-type', 'cookie', 'authorization', 'x-tenant-id']);

const COOKIE = 'cookie';

export interface ForwardedBy {
  /** Address of the peer; empty for one that is connected by a Unix socket. */
  readonly peer: string;
  /** Whether the peer's statements about its client are believed. */
  readonly trusted: boolean;
  /** Host as received. */
  readonly host: string;
  /** Scheme of the connection. */
  readonly proto: 'http' | 'https';
  readonly requestId: string;
  readonly tenantId: string;
  /** As in `Route`. */
  readonly prefix?: string | undefined;
  readonly unbelieved?: ReadonlySet<string> | undefined;
  /** Replaces the client's `traceparent`; null, the default: it passes. */
  readonly trace?: Pick<RequestTrace, 'traceparent' | 'isContinued'> | null;
}

/** Returns the values of one header field, in order. @param name in lower case */
export function headerValues(raw: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const candidate = raw[index] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) values.push(raw[index + 1] ?? '');
  }
  return values;
}

/** Whether there is a field with this name, given in lower case. */
export function hasHeader(raw: readonly string[], name: string): boolean {
  for (let index = 0; index < raw.length; index += 2) {
    const candidate = raw[index] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) return true;
  }
  return false;
}

export interface RequestToForward {
  readonly method: string;
  readonly rawHeaders: readonly string[];
  /** Whether the body comes in chunks. */
  readonly isChunked: boolean;
  /** Header lines that the previous request on the connection may have had, too. */
  readonly repeated: HeaderLines | null;
}

/** Returns the request line and header fields for a tenant, up to the body, as latin1. */
export function requestHead(request: RequestToForward, path: string, by: ForwardedBy): string {
  const { before, after } = forwardedLines(request, by);
  const traceparent = by.trace == null ? '' : `\r\ntraceparent: ${by.trace.traceparent}`;
  return `${request.method} ${path} HTTP/1.1\r\n${before}${by.requestId}${traceparent}${after}`;
}

function forwardedLines(request: RequestToForward, by: ForwardedBy): ForwardedLines {
  const { repeated } = request;
  if (repeated === null) return linesFor(request, by);
  const { forwarded } = repeated;
  // Everything else in them belongs to the connection, or to the lines themselves.
  if (forwarded !== null && isFor(forwarded, by)) return forwarded;
  const made = linesFor(request, by);
  repeated.forwarded = { ...made, before: flat(made.before), after: flat(made.after) };
  return made;
}

function isFor(lines: ForwardedLines, { tenantId, trusted, prefix, unbelieved, trace }: ForwardedBy): boolean {
  if (lines.isTraced !== (trace != null)) return false;
  if (lines.tenantId !== tenantId || lines.trusted !== trusted) return false;
  return lines.prefix === prefix && lines.unbelieved === unbelieved;
}

function linesFor(request: RequestToForward, by: ForwardedBy): ForwardedLines {
  const headers = requestHeaders(request.rawHeaders, by);
  const idAt = headers.length - ADDED_BEHIND_ID;
  let before = '';
  for (let index = 0; index < idAt; index += 2) before += `${headers[index]}: ${headers[index + 1]}\r\n`;
  before += `${headers[idAt]}: `;
  const after = `\r\n${headers[idAt + 2]}: ${headers[idAt + 3]}\r\n${connectionLines(request)}\r\n`;
  const { tenantId, trusted, prefix, unbelieved, trace } = by;
  return { tenantId, trusted, prefix, unbelieved, isTraced: trace != null, before, after };
}

function connectionLines({ rawHeaders: raw, isChunked }: RequestToForward): string {
  const takes = hasHeader(raw, 'te') && takesTrailers(headerValues(raw, 'te'));
  const connection = takes ? 'Connection: keep-alive, TE\r\nTE: trailers\r\n' : 'Connection: keep-alive\r\n';
  if (!isChunked) return connection;
  const trailers = announcedTrailers(headerValues(raw, 'trailer'));
  return `${connection}${trailers === null ? '' : `Trailer: ${trailers}\r\n`}Transfer-Encoding: chunked\r\n`;
}

/** Flattens a string: one that was joined from many pieces is copied piece by piece at each write. */
export function flat(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('latin1');
}

/** The request id and the tenant are the last fields; each has a name and a value. */
const ADDED_BEHIND_ID = 4;

/** Returns the fields for the tenant. */
export function requestHeaders(raw: readonly string[], by: ForwardedBy): string[] {
  const dropped = connectionTokens(raw);
  const kept: string[] = [];
  const before: Chain = { for: '', proto: false, host: false, prefix: '' };
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    if (mayHaveRequestRule(name)) {
      const rule = requestRule(name);
      if (rule === 'never' || (rule === 'claim' && !by.trusted)) continue;
      if (rule === 'claim' && isOfChain(name, value, before, by)) continue;
    }
    if (by.trace != null && isOfTrace(name, by.trace)) continue;
    if (by.unbelieved?.has(headerKey(name))) continue;
    if (dropped?.has(headerKey(name))) continue;
    const passed = mayHoldSession(name, value) ? cookiesForTenant(name, value) : value;
    if (passed !== null) kept.push(name, passed);
  }
  const chain = before.for === '' || by.peer === '' ? before.for + by.peer : `${before.for}, ${by.peer}`;
  if (chain !== '') kept.push('X-Forwarded-For', chain);
  if (!before.proto) kept.push('X-Forwarded-Proto', by.proto);
  if (!before.host) kept.push('X-Forwarded-Host', by.host);
  if (by.prefix !== undefined) kept.push('X-Forwarded-Prefix', before.prefix + by.prefix);
  kept.push('X-Request-Id', by.requestId, 'X-Tenant-Id', by.tenantId);
  return kept;
}

/** The check costs least for the names that nearly all fields have. */
function mayHoldSession(name: string, value: string): boolean {
  return name.length === COOKIE.length && value.includes(SESSION_COOKIE);
}

function cookiesForTenant(name: string, value: string): string | null {
  return name.toLowerCase() === COOKIE ? withoutSessions(value) : value;
}

/** Whether a field belongs to the trace of the client, which another has replaced. */
function isOfTrace(name: string, { isContinued }: Pick<RequestTrace, 'isContinued'>): boolean {
  const key = name.toLowerCase();
  return key === 'traceparent' || (key === 'tracestate' && !isContinued);
}

interface Chain {
  /** Addresses, separated by commas. */
  for: string;
  proto: boolean;
  host: boolean;
  /** What a proxy in front has stripped of the path; empty: nothing. */
  prefix: string;
}

/** Notes a trusted proxy's statement about its client. Returns true when the proxy's own field replaces it. */
function isOfChain(name: string, value: string, before: Chain, { prefix }: ForwardedBy): boolean {
  const key = name.toLowerCase();
  if (key === 'x-forwarded-prefix' && prefix !== undefined) {
    if (value.startsWith('/')) before.prefix = value.replace(/\/+$/, '');
    return true;
  }
  if (key === 'x-forwarded-proto') before.proto = true;
  else if (key === 'x-forwarded-host') before.host = true;
  else if (key === 'x-forwarded-for') before.for += before.for === '' ? value : `, ${value}`;
  return key === 'x-forwarded-for';
}

/**
 * Returns the fields for the client.
 * @param heldMs how long the request was held for a wake; null: not at all
 * @param withTrailers whether trailers may follow, so that `Trailer` may announce them
 */
export function responseHeaders(raw: readonly string[], heldMs: number | null, withTrailers = false): string[] {
  const dropped = connectionTokens(raw);
  const kept: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (mayBeDroppedOfResponses(name) && isDroppedOfResponses(name)) continue;
    if (dropped?.has(headerKey(name))) continue;
    kept.push(name, raw[index + 1] ?? '');
  }
  if (heldMs !== null) kept.push('Server-Timing', wakeTiming(heldMs));
  if (!withTrailers || !hasHeader(raw, 'trailer')) return kept;
  const trailers = announcedTrailers(headerValues(raw, 'trailer'));
  if (trailers !== null) kept.push('Trailer', trailers);
  return kept;
}

/** Formats a hold as `wake;dur=41.2`, in ms. */
export function wakeTiming(heldMs: number): string {
  return `wake;dur=${heldMs.toFixed(1)}`;
}

/** Returns the keys of the names that Connection limits to this hop. */
function connectionTokens(raw: readonly string[]): Set<string> | null {
  let tokens: Set<string> | null = null;
  for (const value of headerValues(raw, 'connection')) {
    // The usual values.
    if (value === 'keep-alive' || value === 'close') continue;
    for (const part of value.toLowerCase().split(',')) {
      const token = headerKey(part.trim());
      if (token === '' || token === 'keep-alive' || token === 'close' || END_TO_END.has(token)) continue;
      tokens ??= new Set();
      tokens.add(token);
    }
  }
  return tokens;
}

/**
 * Whether the end of a request is ambiguous. Two lengths, or a length and a transfer coding, have two readings (RFC
 * 9112 §6.1); with a coding other than `chunked` only the sender knows the end.
 */
export function hasUnclearLength(raw: readonly string[]): boolean {
  const codings = headerValues(raw, 'transfer-encoding');
  const lengths = headerValues(raw, 'content-length').length;
  if (codings.length === 0) return lengths > 1;
  return lengths > 0 || codings.length > 1 || codings[0]?.trim().toLowerCase() !== 'chunked';
}

export function hasBody(raw: readonly string[]): boolean {
  const [length] = headerValues(raw, 'content-length');
  return (length !== undefined && length !== '0') || isChunked(raw);
}

export function isChunked(raw: readonly string[]): boolean {
  return hasHeader(raw, 'transfer-encoding');
}

export function isEventStream(raw: readonly string[]): boolean {
  return headerValues(raw, 'content-type')[0]?.trimStart().toLowerCase().startsWith('text/event-stream') ?? false;
}
