/**
 * Resolves names for connections, and keeps only addresses that may be reached. The socket connects to the addresses
 * that were checked, so a name that resolves differently a moment later makes no difference.
 */
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { promisify } from 'node:util';
import { isOwnAddress, privateKind } from '../node/private-addresses.ts';

/** Resolves a name to all its addresses. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;
/** Lookup of `net.connect`. */
export type Lookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void;

/** A name or an address that must not be connected to. */
export class RefusedAddress extends Error {
  constructor(host: string, address: string, what: string) {
    const where = host === address ? host : `${host} has the address ${address},`;
    super(`not sent: ${where} ${host === address ? 'is ' : ''}${what}; allow_private = true permits it`);
  }
}

/** Says what makes an address refused; null: it may be reached. */
export function refusalOf(address: string): string | null {
  return privateKind(address) ?? (isOwnAddress(address) ? 'an address of this machine' : null);
}

/**
 * Returns a lookup for `net.connect`.
 * @param allowPrivate whether private addresses are kept
 */
export function guardedLookup(resolve: Resolve, allowPrivate: () => boolean): Lookup {
  return (hostname, options, callback) => {
    permitted(hostname, resolve, allowPrivate()).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all === true) callback(null, [...addresses]);
        else callback(null, first?.address ?? '', first?.family ?? 0);
      },
      (error: Error) => callback(error, []),
    );
  };
}

/** @throws {RefusedAddress} when none of its addresses may be reached */
async function permitted(host: string, resolve: Resolve, allowPrivate: boolean): Promise<readonly LookupAddress[]> {
  const addresses = await resolve(host);
  const kept = allowPrivate ? addresses : addresses.filter(({ address }) => refusalOf(address) === null);
  const [refused] = addresses;
  if (kept.length > 0 || refused === undefined) return kept;
  throw new RefusedAddress(host, refused.address, refusalOf(refused.address) ?? 'refused');
}

const allAddresses = promisify(systemLookup);
/**
 * The system's resolver occupies a thread of Node's pool for each name, as long as a name server does not answer. The
 * pool has four threads, which also serve the server's files.
 */
const MAX_AT_ONCE = 2;

/** Creates a resolver that asks the system for two names at a time, and once for all who wait for the same name. */
export function createResolver(ask: Resolve = (hostname) => allAddresses(hostname, { all: true })): Resolve {
  const asked = new Map<string, Promise<readonly LookupAddress[]>>();
  const waiting: (() => void)[] = [];
  let running = 0;
  const inTurn = async (hostname: string) => {
    if (running < MAX_AT_ONCE) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await ask(hostname);
    } finally {
      asked.delete(hostname);
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
  return (hostname) => {
    const answer = asked.get(hostname) ?? inTurn(hostname);
    asked.set(hostname, answer);
    return answer;
  };
}
