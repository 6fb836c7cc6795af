/** The built-in proxy: `acme.example.com` → acme's socket. */
import type { Socket } from 'node:net';
import { ConnectionCap, clientOfSocket } from '../connection-cap.ts';
import type { TurnedAway } from '../core/admission/turned-away.ts';
import type { ListenTarget } from '../core/service/listen-target.ts';
import type { ListenAddress } from '../core/service/service.ts';
import { confine } from '../faults.ts';
import type { ClientOfSource, ClientSource } from './client/client-source.ts';
import { ClientSources } from './client/client-sources.ts';
import { type Listeners, listen } from './client/listeners.ts';
import { createClientHandler, type OwnGateway } from './client-handler.ts';
import { tooMany } from './exchange/error-page.ts';
import { type GatewayOptions, openGateway, probe, routeOf } from './gateway.ts';
import { InFlight } from './in-flight.ts';

/** How long an ending server waits for requests that are on their way: longer than most round trips. */
const LAST_REQUEST_MS = 500;

export interface ProxyOptions extends GatewayOptions {
  readonly turnedAway: TurnedAway;
}

export interface ProxyServer {
  /** Settles with the address, its port filled in. @throws {TenementError} `listen_failed` */
  listen(target: ListenTarget): Promise<ListenAddress>;
  /**
   * Accepts no more; lets requests under way end for `graceMs`, or until `hurry` aborts, then cuts them. Streams are cut
   * when everything else has ended.
   */
  close(graceMs: number, hurry?: AbortSignal): Promise<void>;
}

export function createProxy(options: ProxyOptions): ProxyServer {
  const { limits, logger } = options;
  const gateway = openGateway(options, new InFlight());
  const cap = capOf(options);
  const source = new ClientSources({
    limits,
    logger,
    handler: createClientHandler(gateway, (request) => routeOf(request, gateway)),
    clientOf: (socket) => clientOfSocket(socket, gateway.isTrusted),
    admit: (client) => cap.admitRequest(client),
  });
  const onConnection = (socket: Socket) => accept(socket, source, gateway, cap);
  let listeners: Listeners | null = null;
  let patienceMs = 0;
  return {
    listen: async (target) => {
      // Another server accepts at these sockets next, so a client loses nothing by its last response here.
      patienceMs = target.openSockets === undefined ? 0 : LAST_REQUEST_MS;
      listeners = await listen(target, { sockets: limits.listeners, logger, onConnection });
      return listeners.address;
    },
    close: async (graceMs, hurry) => {
      const closed = listeners?.close();
      await gateway.inFlight.drain(graceMs, hurry, patienceMs);
      gateway.pools.destroy();
      await closed;
      source.close();
    },
  };
}

function capOf({ limits, turnedAway, logger }: ProxyOptions): ConnectionCap {
  const { maxConnections, maxConnectionsPerClient } = limits;
  const room = { inAll: maxConnections, perClient: maxConnectionsPerClient };
  return new ConnectionCap({ listener: 'proxy', limits: room, turnedAway, logger, answer: tooMany });
}

function accept(socket: Socket, source: ClientSource, gateway: OwnGateway, cap: ConnectionCap): void {
  confine(socket, gateway.logger);
  let client: ClientOfSource | null = null;
  const idleMs = (nowMs: number) => client?.idleMs(nowMs) ?? 0;
  if (!cap.admit(socket, clientOfSocket(socket, gateway.isTrusted), idleMs)) return;
  probe(socket, gateway);
  client = source.take(socket);
  gateway.inFlight.connected(socket, client);
}
