/** The sources of requests on a server's own connections. */
import { type ConnectionCap, clientOfSocket } from '../connection-cap.ts';
import type { ClientHandler } from './client/client-source.ts';
import { ClientSources } from './client/client-sources.ts';
import type { OwnGateway } from './client-handler.ts';

export function ownSources(gateway: OwnGateway, cap: ConnectionCap, handler: ClientHandler): ClientSources {
  const { limits, logger, isTrusted } = gateway;
  return new ClientSources({
    limits,
    logger,
    handler,
    clientOf: (socket) => clientOfSocket(socket, isTrusted),
    admit: (client) => cap.admitRequest(client),
  });
}
