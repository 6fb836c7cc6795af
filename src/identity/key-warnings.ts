/** Tries to load the keys of tokens, for a check. */
import type { JwtConfig } from '../core/identity/jwt-config.ts';
import { loadKeys } from './load-keys.ts';

/** Returns a sentence for what would keep tokens from being believed. */
export async function keyWarnings(jwt: JwtConfig | null): Promise<string[]> {
  // A secret file that a server could not use is an error of the config.
  if (jwt === null || jwt.keys.kind === 'secret') return [];
  const from = jwt.keys.kind === 'url' ? jwt.keys.url : jwt.keys.path;
  try {
    const { refused } = await loadKeys(jwt.keys, new AbortController().signal);
    return refused.map((one) => `routing.jwt.jwks: ${from} has a key that is left out, ${one}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [`routing.jwt.jwks: no keys from ${from}: ${why}; every token is refused until a server can load them`];
  }
}
