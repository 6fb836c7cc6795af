/** Entity tags of JSON answers (RFC 9110 §8.8.3): a client that polls gets 304 and no body while nothing has changed. */
import { hash } from 'node:crypto';
import type { Api } from './zod-provider.ts';

/** Longer answers have no tag, because it would hold the event loop: 1 MB takes about a millisecond. */
const MAX_LENGTH = 1_000_000;

export function addEntityTags(api: Api): void {
  api.addHook('onSend', async ({ method, headers }, reply, payload) => {
    if (method !== 'GET' || reply.statusCode !== 200 || reply.hasHeader('etag')) return payload;
    if (typeof payload !== 'string' || payload.length > MAX_LENGTH) return payload;
    const tag = `W/"${hash('sha1', payload, 'base64url')}"`;
    reply.header('etag', tag);
    // The answer depends on the token, and may change at any time.
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'private, no-cache');
    if (!isNamed(tag, headers['if-none-match'])) return payload;
    reply.code(304).removeHeader('content-type');
    return null;
  });
}

/** Whether the client has this answer. Tags are compared weakly. */
function isNamed(tag: string, known: string | undefined): boolean {
  if (known === undefined) return false;
  const names = known.split(',').map((name) => name.trim());
  return names.includes('*') || names.some((name) => name.replace(/^W\//, '') === tag.replace(/^W\//, ''));
}
