/** What is true of plain requests is true of those that node:http reads. */
import { describe } from 'vitest';
import { readByNode } from './support.ts';

readByNode();
for (const suite of [
  'bodies',
  'exchange',
  'half-close',
  'last-request',
  'limits',
  'request-feed',
  'server',
  'smuggling',
  'unread',
  'upload',
  'upstream-connection',
]) {
  describe(suite, async () => {
    await import(`./${suite}.test.ts`);
  });
}
