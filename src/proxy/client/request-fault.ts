/** Why a request that node:http could parse is not served all the same. Pure. */
import type { ErrorCode } from '../../errors.ts';
import { hasUnclearLength, isChunked, valuesOf } from '../routing/headers.ts';

export interface ParsedHead {
  /** "1.1". */
  readonly httpVersion: string;
  /** [name, value, …]. */
  readonly rawHeaders: readonly string[];
}

/**
 * Null when it may be served. Plain requests (plain-request.ts) have no fault by their form. What is said of `Expect`
 * means nothing in HTTP/1.0 (RFC 9110 §10.1.1); a transfer coding there makes the length unclear (RFC 9112 §6.1).
 */
export function faultOf({ httpVersion, rawHeaders }: ParsedHead): ErrorCode | null {
  const isOld = httpVersion === '1.0';
  // The parser takes 0.9 and 2.0 too.
  if (!isOld && httpVersion !== '1.1') return 'bad_request';
  if (hasUnclearLength(rawHeaders) || (isOld && isChunked(rawHeaders))) return 'bad_request';
  return isOld || canMeet(valuesOf(rawHeaders, 'expect')) ? null : 'expectation_failed';
}

/** There is one expectation that a server can meet, and one spelling of it. */
function canMeet(expectations: readonly string[]): boolean {
  return expectations.length === 0 || (expectations.length === 1 && asksForGoAhead(expectations[0]));
}

/** `expect`: the value of that header. */
export function asksForGoAhead(expect: string | undefined): boolean {
  return expect?.toLowerCase() === '100-continue';
}
