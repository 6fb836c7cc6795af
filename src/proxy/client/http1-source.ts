/**
 * HTTP/1 from plain connections. Each begins with the reader of plain requests, the fast path, and goes to node:http for
 * good with the first request that is not plain.
 */
import type { Socket } from 'node:net';
import type { ClientOfSource, ClientSource } from './client-source.ts';
import { type NodeHttpOptions, NodeHttpReader } from './node/node-http.ts';
import { ClientConnections } from './plain/client-connections.ts';

export function createHttp1Source(options: NodeHttpOptions): ClientSource {
  const { limits, handler } = options;
  const node = new NodeHttpReader(options);
  const readers = new WeakMap<Socket, ClientOfSource>();
  const plain = new ClientConnections({
    limits,
    serve: (request, response) => handler.serve(request, response, null),
    onHandOver: (socket, bytes) => void readers.set(socket, node.take(socket, bytes)),
    onSilent: (socket) => handler.refuse(socket, 'client_too_slow'),
  });
  return {
    take: (socket) => {
      const connection = plain.take(socket);
      return { idleMs: (nowMs) => (readers.get(socket) ?? connection).idleMs(nowMs) };
    },
    close: () => node.close(),
  };
}
