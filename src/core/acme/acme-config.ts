/** Parts of the table `[tls.acme]` that stand for themselves. */

/** The account of a customer that a certificate authority knows already (RFC 8555 §7.3.4). */
export interface ExternalAccount {
  readonly keyId: string;
  /** File with the MAC key as the authority gives it: base64url. */
  readonly hmacKeyFile: string;
}

/** A program of the operator's that makes and removes TXT records. */
export interface DnsHook {
  readonly words: readonly string[];
  /** Names of variables of the server's environment that it gets. */
  readonly inheritEnv: readonly string[];
  readonly timeoutMs: number;
  /** How long after its end the certificate authority is told to look. */
  readonly waitMs: number;
}
