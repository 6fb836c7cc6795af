/** How a request has reached the API: directly, or through a front server that is trusted to say so. */
import type { FastifyRequest } from 'fastify';

export interface Reached {
  /** Host and port in the client's address line; undefined: it sent none. */
  readonly host: string | undefined;
  readonly isSecure: boolean;
  /** The client's own address; null: unknown. */
  readonly address: string | null;
}

/** @param isTrusted whether the `X-Forwarded-*` of a peer are believed */
export function reached({ headers, socket }: FastifyRequest, isTrusted: (peer: string) => boolean): Reached {
  const peer = plain(socket.remoteAddress);
  if (peer === null || !isTrusted(peer)) return { host: headers.host, isSecure: false, address: peer };
  const hops = listOf(headers['x-forwarded-for']);
  return {
    host: listOf(headers['x-forwarded-host']).at(-1) ?? headers.host,
    isSecure: listOf(headers['x-forwarded-proto']).at(-1)?.toLowerCase() === 'https',
    // What stands before the last untrusted hop may be the client's own invention.
    address: hops.findLast((hop) => !isTrusted(hop)) ?? peer,
  };
}

function listOf(header: string | string[] | undefined): string[] {
  const words = [header ?? ''].flat().join(',').split(',');
  return words.map((word) => plain(word.trim()) ?? '').filter((word) => word !== '');
}

/** An IPv4 client of a socket for both families has the form ::ffff:192.0.2.1. */
function plain(address: string | undefined): string | null {
  return address?.replace(/^::ffff:(?=[0-9.]+$)/, '') ?? null;
}
