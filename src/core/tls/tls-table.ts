/**
 * What the listeners of TLS answer with: certificates, answers to challenges of a certificate authority, and the key of
 * session tickets. The server changes the table, and each worker has a copy in memory.
 */
import type { Certificate } from './certificate.ts';
import { CertificateIndex } from './certificate-index.ts';

/** Plain data, which workers get in a message. null takes away what was there. */
export type TlsChange =
  | { readonly kind: 'certificate'; readonly slot: string; readonly certificate: Certificate | null }
  /** The answer to `GET /.well-known/acme-challenge/{token}` (RFC 8555 §8.3). */
  | { readonly kind: 'http-challenge'; readonly token: string; readonly answer: string | null }
  /** The certificate for a handshake with the protocol `acme-tls/1` (RFC 8737). */
  | { readonly kind: 'alpn-challenge'; readonly name: string; readonly certificate: Certificate | null }
  /** 48 bytes in base64, by which each process resumes the sessions of all. */
  | { readonly kind: 'ticket-key'; readonly key: string };

/** Settles when the listener's proxies answer by the change. */
type Listener = (changes: readonly TlsChange[]) => Promise<void> | void;

export class TlsTable {
  /** Grows with each change of certificates. */
  version = 0;
  readonly certificates = new CertificateIndex();
  ticketKey: string | null = null;
  private readonly httpAnswers = new Map<string, string>();
  private readonly challenges = new Map<string, Certificate>();
  private readonly listeners: Listener[] = [];

  /** Returns the body that proves control of a host by HTTP; null for a token that is not of this server. */
  httpAnswer(token: string): string | null {
    return this.httpAnswers.get(token) ?? null;
  }

  /** Whether any token is to be answered. */
  get hasHttpChallenges(): boolean {
    return this.httpAnswers.size > 0;
  }

  /** Returns the certificate that proves control of a host by a handshake. @param name as `serverNameOf` returns it */
  challenge(name: string): Certificate | null {
    return this.challenges.get(name) ?? null;
  }

  /** Every listener of this process uses the change on return, and every worker when the promise settles. */
  async change(changes: readonly TlsChange[]): Promise<void> {
    if (changes.length === 0) return;
    for (const change of changes) this.apply(change);
    await Promise.all(this.listeners.map((listener) => listener(changes)));
  }

  /** Calls `listener` in the step of each change. */
  onChanged(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** Iterates over all that is there, in pieces of at most `size`; changes made meanwhile are applied in their order. */
  *pieces(size: number): Generator<readonly TlsChange[]> {
    let piece: TlsChange[] = [];
    for (const change of this.all()) {
      piece.push(change);
      if (piece.length < size) continue;
      yield piece;
      piece = [];
    }
    if (piece.length > 0) yield piece;
  }

  private *all(): Generator<TlsChange> {
    if (this.ticketKey !== null) yield { kind: 'ticket-key', key: this.ticketKey };
    for (const [slot, certificate] of this.certificates.entries()) yield { kind: 'certificate', slot, certificate };
    for (const [token, answer] of this.httpAnswers) yield { kind: 'http-challenge', token, answer };
    for (const [name, certificate] of this.challenges) yield { kind: 'alpn-challenge', name, certificate };
  }

  private apply(change: TlsChange): void {
    switch (change.kind) {
      case 'certificate':
        this.version += 1;
        return this.certificates.set(change.slot, change.certificate);
      case 'http-challenge':
        return put(this.httpAnswers, change.token, change.answer);
      case 'alpn-challenge':
        return put(this.challenges, change.name, change.certificate);
      case 'ticket-key':
        this.ticketKey = change.key;
    }
  }
}

function put<Value>(map: Map<string, Value>, key: string, value: Value | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}
