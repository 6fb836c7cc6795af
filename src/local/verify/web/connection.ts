/** Connections of a probe to the proxy, on the server's own machine. */
import { connect } from 'node:tls';
import { hostNameOf, type Place } from '../../../core/verify/web/place.ts';

export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
}

export interface ProxyPorts {
  /** Port 0: not known. */
  readonly http: ProxyAddress;
  /** null: the proxy speaks plain HTTP, or the port is not known. */
  readonly https: ProxyAddress | null;
}

/** Longer than a handshake waits for its certificate to be ordered. */
const HANDSHAKE_TIMEOUT_MS = 40_000;

/** Returns what node:http and node:https need to connect to a place. */
export function connectionTo({ http, https }: ProxyPorts, place: Place) {
  const { scheme, socketPath } = place;
  if (socketPath !== null) return { socketPath };
  return scheme === 'https' && https !== null ? secureOptions(https, place) : plainOptions(http, place);
}

/** Whether the proxy shows a certificate to clients of a place. */
export function isHandshakeDone(https: ProxyAddress, place: Place, signal: AbortSignal): Promise<boolean> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS)]);
  if (bounded.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(secureOptions(https, place));
    const settle = (isDone: boolean) => {
      socket.destroy();
      resolve(isDone);
    };
    bounded.addEventListener('abort', () => settle(false), { once: true });
    socket.once('secureConnect', () => settle(true));
    socket.on('error', () => settle(false));
  });
}

/**
 * The server is known by the address it listens at on this machine, not by its certificate: that may be for names that lead
 * elsewhere, self-signed, or of a staging environment.
 */
function secureOptions(address: ProxyAddress, place: Place) {
  const names = { servername: hostNameOf(place), ALPNProtocols: ['http/1.1'] };
  return { ...plainOptions(address, place), ...names, rejectUnauthorized: false };
}

function plainOptions({ host, port }: ProxyAddress, { localAddress }: Place) {
  return localAddress === null ? { host, port } : { host, port, localAddress };
}
