/** The author of a change, as the event log names it. Pure. */

export interface Actor {
  /** The name of the token that was used, or one of the names below. */
  readonly name: string;
  /** Id of that token; null without one. */
  readonly tokenId: string | null;
  /** IP address of the caller; null for one on this machine that did not come over TCP. */
  readonly address: string | null;
}

/** A command, or any program that may open the control socket. */
export const CLI = unnamed('cli');
/** The config, when it is loaded or reloaded. */
export const CONFIG = unnamed('config');
/** A request to an instance, which wakes it. */
export const REQUEST = unnamed('request');
/** tenement itself: idleness, crashes, limits. */
export const SYSTEM = unnamed('system');
/** The program that embeds the library. */
export const LIBRARY = unnamed('library');

/** Names that no token may have, because events use them for others. */
export const RESERVED_NAMES: readonly string[] = [
  'cli',
  'config',
  'request',
  'system',
  'library',
  'anonymous',
  'token',
];

/** Returns a caller of the API without a token, which `auth = "none"` admits. */
export function anonymous(address: string | null): Actor {
  return { ...unnamed('anonymous'), address };
}

export function tokenActor(
  { id, name }: { readonly id: string; readonly name: string },
  address: string | null,
): Actor {
  return { name, tokenId: id, address };
}

function unnamed(name: string): Actor {
  return { name, tokenId: null, address: null };
}
