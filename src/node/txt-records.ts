/** TXT records by the DNS. */
import { Resolver } from 'node:dns/promises';
import type { TxtAnswer } from '../core/domains/verification.ts';

/** For the first try with each server; c-ares doubles it for the next. */
const TIMEOUT_MS = 2000;
const TRIES = 2;
/** The name has no such record, or does not exist. */
const NONE = ['ENODATA', 'ENOTFOUND'];

/**
 * Returns the texts of a name. Settles within seconds.
 * @param servers as `address` or `address:port`; empty: those of the system
 */
export async function lookUpTxt(name: string, servers: readonly string[]): Promise<TxtAnswer> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  try {
    if (servers.length > 0) resolver.setServers(servers);
    return { texts: (await resolver.resolveTxt(name)).map((parts) => parts.join('')) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return NONE.includes(code) ? { texts: [] } : { problem: `DNS does not answer (${code})` };
  }
}
