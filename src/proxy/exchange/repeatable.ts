/** Which requests may be sent to a tenant twice, and by what two of them are the same. Pure. */
import { createHash } from 'node:crypto';
import type { ClientRequest } from '../client/client.ts';

/**
 * Those of the safe methods (RFC 9110 §9.2.1) that are sent again when their process broke off. HTTP calls PUT and
 * DELETE idempotent; applications often do not.
 */
export function isRepeatable({ method, body }: ClientRequest): boolean {
  return body === null && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS');
}

/** What is asked for: another client that asks for the same has the same. */
export function fingerprint({ method, url }: ClientRequest): string {
  return createHash('sha256').update(`${method} ${url}`).digest('base64url');
}
