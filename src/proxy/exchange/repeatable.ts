/** Which requests may be sent to a tenant twice, and when two of them are the same. Pure. */
import { createHash } from 'node:crypto';
import type { ClientRequest } from '../client/client.ts';

/**
 * Safe methods (RFC 9110 §9.2.1) are sent again when their process closes the connection. HTTP calls PUT and DELETE
 * idempotent, but applications often do not treat them so.
 */
export function isRepeatable({ method, body }: ClientRequest): boolean {
  return body === null && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS');
}

/** Identifies what is requested; the same for every client that requests it. */
export function requestFingerprint({ method, url }: ClientRequest): string {
  return createHash('sha256').update(`${method} ${url}`).digest('base64url');
}
