/** Writes a tenant's response to the client. */
import type { ClientResponse } from '../client/client.ts';
import { isChunked, responseHeaders } from '../routing/headers.ts';
import { passableTrailers } from '../routing/trailers.ts';
import type { ResponseHead } from '../upstream/response-reader.ts';

/** Reason phrases that Node accepts in a status line (RFC 9112 §4). */
const REASON = /^[\t\x20-\x7e]*$/;

/** Returns the reason phrase as received, or undefined for Node's own when it cannot be passed on. */
export function reasonPhrase(reason: string | undefined): string | undefined {
  return reason !== undefined && REASON.test(reason) ? reason : undefined;
}

export interface AnsweredRequest {
  /** Whether the method was HEAD. */
  readonly isHead: boolean;
  /** How long the request was held for a wake, in ms; null: not at all. */
  readonly heldMs: number | null;
}

/** Sets status and header fields. */
export function sendHead(response: ClientResponse, head: ResponseHead, { isHead, heldMs }: AnsweredRequest): void {
  const { status, reason, headers } = head;
  const mayRepeat = head.isRepeated && !isHead && heldMs === null && response.shouldKeepAlive;
  if (mayRepeat && head.written !== null && response.writeHeadAgain !== undefined) {
    return response.writeHeadAgain(head.written);
  }
  const hasBody = !isHead && status !== 204 && status !== 304;
  // node:http throws when trailers are announced for a body that is not chunked. This body is chunked if it was
  // received so.
  const withTrailers = hasBody && response.req.httpVersionMinor > 0 && isChunked(headers);
  response.writeHead(status, reasonPhrase(reason), responseHeaders(headers, heldMs, withTrailers));
  if (mayRepeat) head.written = response.writtenHead ?? null;
}

/**
 * Passes 102 and 103 on; other interim responses concern this hop only. One that would have to wait for another
 * response is dropped, which is permitted. @param raw its header fields
 */
export function informClient(response: ClientResponse, status: number, raw: readonly string[]): void {
  if (response.req.httpVersionMinor === 0 || response.socket === null) return;
  if (status === 102) response.writeProcessing();
  const links: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]?.toLowerCase() === 'link') links.push(raw[index + 1] ?? '');
  }
  if (status !== 103 || links.length === 0) return;
  try {
    response.writeEarlyHints({ link: links });
  } catch {
    // Node accepts only links that it can parse; a hint may be dropped.
  }
}

/** Sends trailers if the body is chunked. @param raw trailers as received */
export function sendTrailers(response: ClientResponse, raw: readonly string[]): void {
  if (raw.length === 0) return;
  const passed = passableTrailers(raw);
  const pairs: [string, string][] = [];
  for (let index = 0; index < passed.length; index += 2) pairs.push([passed[index] ?? '', passed[index + 1] ?? '']);
  response.addTrailers(pairs);
}
