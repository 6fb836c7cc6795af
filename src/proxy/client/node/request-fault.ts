/** Decides whether a request that node:http could parse is refused all the same. Pure. */
import type { ErrorCode } from '../../../errors.ts';
import { hasUnclearLength, headerValues, isChunked } from '../../routing/headers.ts';

export interface ParsedHead {
  /** For example "1.1". */
  readonly httpVersion: string;
  /** [name, value, …]. */
  readonly rawHeaders: readonly string[];
}

/**
 * Returns the error code; null when the request may be served. Plain requests (plain-head.ts) have no such fault. In
 * HTTP/1.0, `Expect` has no meaning (RFC 9110 §10.1.1), and a transfer coding makes the length ambiguous (RFC 9112
 * §6.1).
 */
export function faultOf({ httpVersion, rawHeaders }: ParsedHead): ErrorCode | null {
  const isOld = httpVersion === '1.0';
  // The parser also accepts 0.9 and 2.0.
  if (!isOld && httpVersion !== '1.1') return 'bad_request';
  if (hasUnclearLength(rawHeaders) || (isOld && isChunked(rawHeaders))) return 'bad_request';
  return isOld || canMeet(headerValues(rawHeaders, 'expect')) ? null : 'expectation_failed';
}

/** A server can meet only one expectation, in one spelling. */
function canMeet(expectations: readonly string[]): boolean {
  return expectations.length === 0 || (expectations.length === 1 && asksForGoAhead(expectations[0]));
}

/** @param expect value of that header field */
export function asksForGoAhead(expect: string | undefined): boolean {
  return expect?.toLowerCase() === '100-continue';
}
