/** `host:port`, the form of `listen`. */
import type { ListenAddress } from '../core/service/service.ts';
import { TenementError } from '../errors.ts';

const ADDRESS = /^(?:(?<host>[a-z0-9.-]+)|\[(?<literal>[0-9a-f:.]+)\])?:(?<port>\d{1,5})$/i;

/** Parses `127.0.0.1:8080`, `[::1]:8080`, `:8080` (every address); port 0 takes a free one. null for anything else. */
export function listenAddress(text: string): ListenAddress | null {
  const groups = ADDRESS.exec(text)?.groups;
  const port = Number(groups?.['port']);
  if (groups === undefined || port > 65_535) return null;
  return { host: groups['literal'] ?? groups['host'] ?? '::', port };
}

/** @throws {TenementError} `bad_input` */
export function parseListenAddress(text: string): ListenAddress {
  const address = listenAddress(text);
  if (address !== null) return address;
  throw new TenementError('bad_input', `${JSON.stringify(text)} is not an address`, {
    hint: 'Write HOST:PORT, for example 127.0.0.1:8080.',
  });
}
