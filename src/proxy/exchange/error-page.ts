/** The response when no tenant answers: a small page or problem+json, without internal details. */
import { STATUS_CODES } from 'node:http';
import type { RateLimitFields } from '../../core/quota/rate-limit-fields.ts';
import { ERROR_CODES, type ErrorCode } from '../../errors.ts';
import type { ClientRequest, ClientResponse } from '../client/client.ts';
import { headerValues } from '../routing/headers.ts';
import { nextRequestId } from '../routing/request-id.ts';

export interface ErrorAnswer {
  readonly status: number;
  /** Raw, [name, value, …]. */
  readonly headers: string[];
  readonly body: string;
}

type RawAnswer = Omit<ErrorAnswer, 'headers'> & { readonly headers: readonly string[] };

const SENTENCES: Partial<Record<ErrorCode, string>> = {
  unknown_tenant: 'There is nothing at this address.',
  bad_host: 'The request does not name exactly one valid site.',
  bad_request: 'The request could not be understood.',
  misdirected_request: 'The request came on a connection that is for another site. Please try again.',
  plain_http: 'A plain HTTP request was sent to an HTTPS port.',
  expectation_failed: 'The request has an expectation that this server cannot meet.',
  headers_too_large: 'The request has too many or too large headers.',
  client_too_slow: 'The request took too long to arrive.',
  bad_token: 'You are not signed in, or your session is over. Please sign in again.',
  bad_tenant_claim: 'You are signed in, but not to a site at this address.',
  tenant_mismatch: 'This request names more than one site.',
  stopped: 'This site has been switched off.',
  expired: 'This site is closed, because its subscription has ended.',
  provisioning: 'This site is being set up. Please try again in a moment.',
  failed: 'This site has a problem and is not running. It will be started again later.',
  backoff: 'This site has a problem and will restart shortly.',
  start_failed: 'This site could not be started.',
  starting: 'This site is starting.',
  wake_queue_full: 'This site is starting, and too many requests are waiting for it.',
  rate_limited: 'This site gets too many requests at once. Please try again in a moment.',
  quota_exceeded: 'This site has used up what its plan includes.',
  state_failed: 'This server is busy. Please try again in a moment.',
  at_capacity: 'This server is busy. Please try again in a moment.',
  shutting_down: 'This server is restarting. Please try again in a moment.',
  upstream_failed: 'This site closed the connection before it answered.',
  upstream_timeout: 'This site took too long to answer.',
};

export interface ErrorContext {
  /** The Accept header as received. */
  readonly accept: string;
  readonly requestId: string;
  /** In seconds, or null. */
  readonly retryAfterS: number | null;
  readonly rateLimit?: RateLimitFields | undefined;
  /** Value of WWW-Authenticate. */
  readonly challenge?: string | undefined;
}

export function errorAnswer(code: ErrorCode, context: ErrorContext): ErrorAnswer {
  const status = ERROR_CODES[code].httpStatus;
  const title = STATUS_CODES[status] ?? 'Error';
  const sentence = SENTENCES[code] ?? 'The request could not be answered.';
  const html = context.accept.toLowerCase().includes('text/html');
  const body = html ? page(status, title, sentence, code, context) : problem(status, title, sentence, code, context);
  const headers = [
    'Content-Type',
    html ? 'text/html; charset=utf-8' : 'application/problem+json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    context.requestId,
  ];
  if (context.retryAfterS !== null) headers.push('Retry-After', String(context.retryAfterS));
  if (context.challenge !== undefined) headers.push('WWW-Authenticate', context.challenge);
  if (context.rateLimit !== undefined) {
    headers.push('RateLimit-Policy', context.rateLimit.policy, 'RateLimit', context.rateLimit.limit);
  }
  return { status, headers, body };
}

function problem(status: number, title: string, detail: string, code: string, { requestId }: ErrorContext): string {
  return `${JSON.stringify({ type: 'about:blank', title, status, detail, code, requestId })}\n`;
}

function page(status: number, title: string, sentence: string, code: string, context: ErrorContext): string {
  const refresh = context.retryAfterS === null ? '' : `<meta http-equiv="refresh" content="${context.retryAfterS}">\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${refresh}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${status} ${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto 0; padding: 0 1.5rem }
h1 { font-size: 1.5rem; margin: 0 0 .5rem }
p { margin: 0 0 1rem }
small { font-family: ui-monospace, monospace; opacity: .7; overflow-wrap: anywhere }
</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(sentence)}</p>
<small>${status} ${escapeHtml(code)} &middot; ${escapeHtml(context.requestId)}</small>
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Answers with an error in place of a tenant. */
export function answerError(
  request: Pick<ClientRequest, 'method' | 'rawHeaders'>,
  response: ClientResponse,
  code: ErrorCode,
  context: Omit<ErrorContext, 'accept'>,
): void {
  const answer = errorAnswer(code, { ...context, accept: headerValues(request.rawHeaders, 'accept').join(', ') });
  // After a malformed request, further bytes cannot be interpreted either.
  if (answer.status === 400 || answer.status === 408 || answer.status === 417) response.shouldKeepAlive = false;
  response.writeHead(answer.status, undefined, answer.headers);
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

/** The same for a connection without an HTTP response (yet): an upgrade, or a request that could not be parsed. */
export function rawAnswer(answer: RawAnswer): string {
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Error'}`];
  for (let index = 0; index < answer.headers.length; index += 2) {
    lines.push(`${answer.headers[index]}: ${answer.headers[index + 1]}`);
  }
  return `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n${answer.body}`;
}

/** Seconds after which a client that was refused for lack of room may try again. */
export const TRY_AGAIN_S = 1;

/** Returns the whole response to a connection for which there is no room. */
export function tooMany(): string {
  return rawAnswer(errorAnswer('at_capacity', { accept: '', requestId: nextRequestId(), retryAfterS: TRY_AGAIN_S }));
}
