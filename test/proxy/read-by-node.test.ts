/** Repeats the tests of plain requests with requests that node:http reads. */
import { describe } from 'vitest';
import { readByNode } from './support.ts';

const SUITES = {
  'ascii-target': () => import('./client/node/ascii-target.test.ts'),
  bodies: () => import('./bodies.test.ts'),
  exchange: () => import('./exchange/exchange.test.ts'),
  'half-close': () => import('./client/node/half-close.test.ts'),
  'last-request': () => import('./last-request.test.ts'),
  limits: () => import('./limits.test.ts'),
  'request-feed': () => import('./client/node/request-feed.test.ts'),
  'request-fault': () => import('./client/node/request-fault.test.ts'),
  server: () => import('./server.test.ts'),
  smuggling: () => import('./smuggling.test.ts'),
  unread: () => import('./unread.test.ts'),
  trailers: () => import('./routing/trailers.test.ts'),
  upload: () => import('./exchange/upload.test.ts'),
  'upstream-connection': () => import('./upstream/upstream-connection.test.ts'),
};

readByNode();
for (const [suite, load] of Object.entries(SUITES)) {
  describe(suite, async () => {
    await load();
  });
}
