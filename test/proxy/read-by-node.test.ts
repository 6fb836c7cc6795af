/** What is true of plain requests is true of those that node:http reads. */
import { describe } from 'vitest';
import { readByNode } from './support.ts';

readByNode();
for (const suite of [
  'ascii-target',
  'bodies',
  'exchange',
  'half-close',
  'last-request',
  'limits',
  'request-feed',
  'request-fault',
  'server',
  'smuggling',
  'unread',
  'trailers',
  'upload',
  'upstream-connection',
]) {
  describe(suite, async () => {
    await import(`./${suite}.test.ts`);
  });
}
