import type { Socket } from 'node:net';

/** What node:net keeps of the connection; its types leave it out. */
interface Handle {
  readStop(): void;
}

/**
 * Reads nothing more from a connection of HTTP/2. node:http2 reads past the socket, so `pause` has no effect, and what the client
 * has sent by now could take a second.
 */
export function stopReading(socket: Socket): void {
  (socket as Socket & { readonly _handle?: Handle | null })._handle?.readStop();
}
