/** How a tenant's answer is written to the client. */
import type { ClientResponse } from './client.ts';

/** RFC 9112 §4: what Node lets into a status line. */
const REASON = /^[\t\x20-\x7e]*$/;

/** The reason phrase as received, or undefined (Node's own then stands) when it cannot be passed on. */
export function reasonPhrase(reason: string | undefined): string | undefined {
  return reason !== undefined && REASON.test(reason) ? reason : undefined;
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
  const pairs: [string, string][] = [];
  for (let index = 0; index < raw.length; index += 2) pairs.push([raw[index] ?? '', raw[index + 1] ?? '']);
  response.addTrailers(pairs);
}
