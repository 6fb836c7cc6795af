/**
 * What is true of the proxy's own connections is true of those to public sockets that are `proxied`. Left out are suites
 * that are about addresses and hosts, or that need the kernel's buffers of a TCP connection.
 */
import { describeOverSockets } from './support.ts';

describeOverSockets({
  'half-close': () => import('./client/node/half-close.test.ts'),
  'last-request': () => import('./last-request.test.ts'),
  limits: () => import('./limits.test.ts'),
  'request-feed': () => import('./client/node/request-feed.test.ts'),
  'request-fault': () => import('./client/node/request-fault.test.ts'),
  smuggling: () => import('./smuggling.test.ts'),
  unread: () => import('./unread.test.ts'),
});
