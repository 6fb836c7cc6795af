/** What the server knows of its certificates and handshakes, for metrics. */
import type { HandshakeResult } from './handshake-counts.ts';

export interface TlsReading {
  /** Since the server began. */
  handshakes(): Iterable<readonly [result: HandshakeResult, handshakes: number]>;
  /** The operator's own. */
  certificates(): readonly CertificateReading[];
}

export interface CertificateReading {
  readonly file: string;
  /** Ms since the epoch. */
  readonly notAfterMs: number;
}
