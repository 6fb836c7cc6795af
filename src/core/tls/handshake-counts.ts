/** Counts handshakes by their result. Pure. */

export type HandshakeResult =
  | 'full'
  /** The client resumed an earlier session. */
  | 'resumed'
  /** There is no certificate for the name. */
  | 'unknown-name'
  /** Protocol or cipher, or bytes that are no handshake. */
  | 'failed'
  /** HTTP without TLS. */
  | 'plain-http'
  | 'timeout'
  /** The client left before the end. */
  | 'aborted'
  /** Answered a certificate authority. */
  | 'challenge';

export class HandshakeCounts {
  private readonly totals = new Map<HandshakeResult, number>();

  add(result: HandshakeResult, handshakes = 1): void {
    this.totals.set(result, (this.totals.get(result) ?? 0) + handshakes);
  }

  entries(): IterableIterator<[result: HandshakeResult, handshakes: number]> {
    return this.totals.entries();
  }
}
