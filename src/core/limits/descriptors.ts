/**
 * Divides the files that the process may open (RLIMIT_NOFILE). Each kind of use has a share that the others cannot
 * take, so that clients never keep an instance from starting, or an operator from getting an answer. Pure.
 */

import type { ProxyLimits } from '../service/service.ts';

/** Measured: runtime, database, standard streams, FIFOs and shells made ahead. */
const OWN = 48;
/** Two FIFOs, a listener and a log. */
const PER_INSTANCE = 4;
/** A client's connection, and the one to its tenant. */
const PER_REQUEST = 2;
/** Pipes of a spawn, and files that are read or written briefly. */
const PER_START = 8;

export interface DescriptorShares {
  /** Sockets that listen on the proxy's port. */
  readonly listeners: number;
  /** Clients of the proxy, in all and from one address. */
  readonly connections: number;
  readonly connectionsPerClient: number;
  /** Connections accepted at public sockets, in all and for one instance. */
  readonly activations: number;
  readonly activationsPerInstance: number;
  /** Connections to the HTTP API, in all and from one address. */
  readonly api: number;
  readonly apiPerClient: number;
  readonly control: number;
  /** Instances with their public sockets, in descriptors. */
  readonly instances: number;
  /** Starts at the same time. */
  readonly starts: number;
}

/** Divides `limit` open files. @param maxRunning instances that may run @param registered instances that exist */
export function shareDescriptors(limit: number, maxRunning: number, registered: number): DescriptorShares {
  const listeners = clamp(limit / 64, 1, 64);
  const reserve = clamp(limit / 10, 24, 128);
  const api = clamp(limit / 16, 8, 1024);
  const control = clamp(limit / 32, 8, 256);
  const rest = Math.max(0, limit - OWN - listeners - reserve - api - control);
  const instances = Math.min(rest / 2, maxRunning * PER_INSTANCE + Math.max(1000, 2 * registered));
  const pairs = (rest - instances) / PER_REQUEST;
  const activations = Math.max(1, Math.floor(pairs / 4));
  const connections = Math.max(1, Math.floor(pairs - activations));
  return {
    listeners,
    connections,
    connectionsPerClient: partOfOneClient(connections),
    activations,
    activationsPerInstance: Math.ceil(activations / 2),
    api,
    apiPerClient: partOfOneClient(api),
    control,
    instances: Math.floor(instances),
    starts: Math.max(1, Math.floor(reserve / PER_START)),
  };
}

/** Returns a quarter of many connections; of few, as much as leaves a quarter to the others. */
export function partOfOneClient(inAll: number): number {
  return Math.max(1, Math.floor(Math.max(inAll / 4, Math.min(inAll * 0.75, 256))));
}

type ProxyConnectionLimits = Pick<ProxyLimits, 'maxConnections' | 'maxConnectionsPerClient'>;

/** Replaces limits of 0 by numbers that follow from the open files. */
export function proxyLimits<L extends ProxyConnectionLimits>(configured: L, shares: DescriptorShares) {
  const maxConnections = configured.maxConnections || shares.connections;
  const maxConnectionsPerClient = configured.maxConnectionsPerClient || partOfOneClient(maxConnections);
  return { ...configured, maxConnections, maxConnectionsPerClient, listeners: shares.listeners };
}

/**
 * Returns how many instances may run, given that most of the others need an activation socket, which is one descriptor.
 */
export function roomToRun({ instances }: DescriptorShares, registered: number): number {
  return Math.max(1, Math.floor((instances - Math.min(registered, instances / 2)) / PER_INSTANCE));
}

/** Returns how many activation sockets may be open beside the running instances. */
export function roomForActivationSockets({ instances }: DescriptorShares, maxRunning: number): number {
  return Math.floor(Math.max(instances / 2, instances - maxRunning * PER_INSTANCE));
}

/** Returns the smallest limit that suffices for `maxRunning` instances and `connections` clients. */
export function descriptorsNeeded(maxRunning: number, registered: number, connections: number): number {
  let limit = 256;
  while (limit < 2 ** 30) {
    const shares = shareDescriptors(limit, maxRunning, registered);
    const runs = roomToRun(shares, registered) >= maxRunning;
    const activations = roomForActivationSockets(shares, maxRunning) >= registered - maxRunning;
    if (runs && activations && shares.connections >= connections) return limit;
    limit *= 2;
  }
  return limit;
}

function clamp(value: number, least: number, most: number): number {
  return Math.floor(Math.min(most, Math.max(least, value)));
}
