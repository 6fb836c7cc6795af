/**
 * Reads the first message of a TLS handshake, as far as it decides who serves the connection. Pure. OpenSSL reads the same
 * bytes again, so nothing here needs to be complete: what is not understood is left to it.
 */
import { serverNameOf } from '../../../core/tls/certificate.ts';

export interface ClientHello {
  /** As `serverNameOf` returns it; null: the client names no server, or an address. */
  readonly serverName: string | null;
  /** Offered by ALPN (RFC 7301). */
  readonly protocols: readonly string[];
}

/** `incomplete`: more bytes are needed. `other`: no handshake of TLS. `unclear`: one that only OpenSSL can judge. */
export type ReadHello = ClientHello | 'incomplete' | 'other' | 'unclear';

const HANDSHAKE_RECORD = 22;
const RECORD_HEAD = 5;
const CLIENT_HELLO = 1;
const MESSAGE_HEAD = 4;
/** OpenSSL accepts no longer one. */
const MAX_MESSAGE = 16 * 1024;
const VERSION_AND_RANDOM = 2 + 32;
const SERVER_NAME = 0;
const ALPN = 16;

export function readClientHello(bytes: Buffer): ReadHello {
  if (bytes.length === 0) return 'incomplete';
  if (bytes[0] !== HANDSHAKE_RECORD || (bytes.length > 1 && bytes[1] !== 3)) return 'other';
  const message = handshakeMessage(bytes);
  if (typeof message === 'string') return message;
  try {
    return extensionsOf(message);
  } catch (error) {
    if (error instanceof RangeError) return 'unclear';
    throw error;
  }
}

/** Joins the message's parts, which may be in several records. */
function handshakeMessage(bytes: Buffer): Buffer | 'incomplete' | 'unclear' {
  const parts: Buffer[] = [];
  let have = 0;
  let want = Number.POSITIVE_INFINITY;
  for (let at = 0; at + RECORD_HEAD <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 3);
    if (bytes[at] !== HANDSHAKE_RECORD || length === 0) return 'unclear';
    const part = bytes.subarray(at + RECORD_HEAD, at + RECORD_HEAD + length);
    parts.push(part);
    have += part.length;
    if (want === Number.POSITIVE_INFINITY && have >= MESSAGE_HEAD) {
      const head = Buffer.concat(parts);
      if (head[0] !== CLIENT_HELLO) return 'unclear';
      want = MESSAGE_HEAD + head.readUIntBE(1, 3);
      if (want > MAX_MESSAGE) return 'unclear';
    }
    if (have >= want) return Buffer.concat(parts).subarray(MESSAGE_HEAD, want);
    at += RECORD_HEAD + length;
  }
  return 'incomplete';
}

/** @throws {RangeError} for lengths that exceed the message */
function extensionsOf(message: Buffer): ClientHello {
  let at = VERSION_AND_RANDOM;
  at += 1 + message.readUInt8(at);
  at += 2 + message.readUInt16BE(at);
  at += 1 + message.readUInt8(at);
  let serverName: string | null = null;
  let protocols: readonly string[] = [];
  // A message may end before the extensions.
  const end = at === message.length ? at : at + 2 + message.readUInt16BE(at);
  for (at += 2; at < end; ) {
    const type = message.readUInt16BE(at);
    const length = message.readUInt16BE(at + 2);
    const body = message.subarray(at + 4, at + 4 + length);
    if (type === SERVER_NAME) serverName = nameIn(body);
    if (type === ALPN) protocols = protocolsIn(body);
    at += 4 + length;
  }
  return { serverName, protocols };
}

/** RFC 6066 §3: a list of names, of which only host names (type 0) exist. */
function nameIn(body: Buffer): string | null {
  if (body.length === 0 || body.readUInt8(2) !== 0) return null;
  const length = body.readUInt16BE(3);
  return serverNameOf(body.toString('latin1', 5, 5 + length));
}

function protocolsIn(body: Buffer): string[] {
  const names: string[] = [];
  for (let at = 2; at < body.length; ) {
    const length = body.readUInt8(at);
    names.push(body.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return names;
}
