/** What is true of requests and responses that the reader of plain requests reads is true of those that node:http reads. */
import { describeReadByNode } from '../support.ts';

describeReadByNode({
  'ascii-target': () => import('../client/node/ascii-target.test.ts'),
  bodies: () => import('../bodies.test.ts'),
  exchange: () => import('../exchange/exchange.test.ts'),
  traffic: () => import('../exchange/traffic.test.ts'),
  'request-fault': () => import('../client/node/request-fault.test.ts'),
  smuggling: () => import('../smuggling.test.ts'),
  trailers: () => import('../routing/trailers.test.ts'),
  upload: () => import('../exchange/upload.test.ts'),
  'upstream-connection': () => import('../upstream/upstream-connection.test.ts'),
});
