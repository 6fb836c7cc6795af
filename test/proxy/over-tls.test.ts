/** What is true of plain connections, hostile ones among them, is true of those by TLS, which the same readers read. */
import { describeOverTls } from './support.ts';

describeOverTls({
  bodies: () => import('./bodies.test.ts'),
  exchange: () => import('./exchange/exchange.test.ts'),
  'half-close': () => import('./client/node/half-close.test.ts'),
  'last-request': () => import('./last-request.test.ts'),
  limits: () => import('./limits.test.ts'),
  'request-feed': () => import('./client/node/request-feed.test.ts'),
  'request-fault': () => import('./client/node/request-fault.test.ts'),
  server: () => import('./server.test.ts'),
  smuggling: () => import('./smuggling.test.ts'),
  traffic: () => import('./exchange/traffic.test.ts'),
  trailers: () => import('./routing/trailers.test.ts'),
  unread: () => import('./unread.test.ts'),
  upload: () => import('./exchange/upload.test.ts'),
});
