/** What is true of connections of plain requests is true of those that node:http reads. */
import { describeReadByNode } from '../support.ts';

describeReadByNode({
  'half-close': () => import('../client/node/half-close.test.ts'),
  'last-request': () => import('../last-request.test.ts'),
  limits: () => import('../limits.test.ts'),
  'request-feed': () => import('../client/node/request-feed.test.ts'),
  server: () => import('../server.test.ts'),
  unread: () => import('../unread.test.ts'),
});
