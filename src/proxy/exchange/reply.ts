/** How a tenant's answer is written to the client. */
import type { ClientResponse } from '../client/client.ts';
import { isChunked, responseHeaders } from '../routing/headers.ts';
import { passableTrailers } from '../routing/trailers.ts';
import type { ResponseHead } from '../upstream/response-reader.ts';

/** RFC 9112 §4: what Node lets into a status line. */
const REASON = /^[\t\x20-\x7e]*$/;

/** The reason phrase as received, or undefined (Node's own then stands) when it cannot be passed on. */
export function reasonPhrase(reason: string | undefined): string | undefined {
  return reason !== undefined && REASON.test(reason) ? reason : undefined;
}

export interface AnsweredRequest {
  /** Whether it was a HEAD request. */
  readonly isHead: boolean;
  /** How long the request was held for a wake, in ms, or null. */
  readonly heldMs: number | null;
}

/** Settles status and headers. */
export function sendHead(response: ClientResponse, head: ResponseHead, { isHead, heldMs }: AnsweredRequest): void {
  const { status, reason, headers } = head;
  const mayRepeat = head.isRepeated && !isHead && heldMs === null && response.shouldKeepAlive;
  if (mayRepeat && head.written !== null && response.writeHeadAgain !== undefined) {
    return response.writeHeadAgain(head.written);
  }
  const hasBody = !isHead && status !== 204 && status !== 304;
  // node:http throws where trailers are announced and the body is not chunked, which it is as it was received.
  const withTrailers = hasBody && response.req.httpVersionMinor > 0 && isChunked(headers);
  response.writeHead(status, reasonPhrase(reason), responseHeaders(headers, heldMs, withTrailers));
  if (mayRepeat) head.written = response.writtenHead ?? null;
}

/**
 * Passes 102 and 103 on; other interim answers concern this hop. One that would have to wait for another response is lost,
 * as it may be. `raw`: their headers.
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
    // Node takes only links that it can read; a hint may be lost.
  }
}

/** `raw`: trailers as received; sent only where the body is chunked. */
export function sendTrailers(response: ClientResponse, raw: readonly string[]): void {
  if (raw.length === 0) return;
  const passed = passableTrailers(raw);
  const pairs: [string, string][] = [];
  for (let index = 0; index < passed.length; index += 2) pairs.push([passed[index] ?? '', passed[index + 1] ?? '']);
  response.addTrailers(pairs);
}
