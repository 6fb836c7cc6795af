/** Sends a request of a probe through the proxy. The answer is a tenant's: its size and time are bounded. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { WebAnswer } from '../../../core/verify/web/capture.ts';
import type { Place } from '../../../core/verify/web/place.ts';
import type { RenderedRequest } from '../../../core/verify/web/session.ts';
import { TenementError } from '../../../errors.ts';
import { connectionTo, type ProxyPorts } from './connection.ts';

const MAX_BODY_BYTES = 1024 * 1024;
/** Long enough for a tenant to wake. */
const TIMEOUT_MS = 30_000;

/** @throws {TenementError} `upstream_failed` when there is no answer */
export async function sendTo(
  proxy: ProxyPorts,
  place: Place,
  { method, path, headers, body }: RenderedRequest,
  signal: AbortSignal,
): Promise<WebAnswer> {
  const length = Buffer.byteLength(body);
  const named = [...(place.header ?? []), ...headers.flat()];
  const fields = ['Host', place.host, 'User-Agent', 'tenement-verify', ...named];
  if (length > 0 || !['GET', 'HEAD', 'OPTIONS'].includes(method)) fields.push('Content-Length', String(length));
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    return await new Promise((resolve, reject) => {
      const asked = { method, path: `${place.prefix}${path}`, headers: fields, agent: false, signal: bounded };
      const options = { ...asked, ...connectionTo(proxy, place) };
      const begin = place.scheme === 'https' ? httpsRequest : httpRequest;
      const request = begin(options, (response) => collect(response).then(resolve, reject));
      request.once('error', reject);
      request.end(body);
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TenementError('upstream_failed', `${method} ${path} at ${place.host}${place.prefix}: ${why}`, { cause });
  }
}

async function collect(response: IncomingMessage): Promise<WebAnswer> {
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    kept.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_BODY_BYTES) break;
  }
  response.destroy();
  const { rawHeaders, statusCode = 0 } = response;
  const headers = rawHeaders.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] ?? '']] : [],
  );
  return { status: statusCode, headers, body: Buffer.concat(kept).toString() };
}
