/** The table `[tls]` of the config. */
import type { DnsHook, ExternalAccount } from '../acme/acme-config.ts';

export interface TlsConfig {
  readonly listen: { readonly host: string; readonly port: number };
  /** The port at which clients reach `listen`; null: the port of `listen`. */
  readonly publicPort: number | null;
  /** Whether `[proxy] listen` sends clients to `listen`. */
  readonly redirect: boolean;
  readonly certificates: readonly CertificateFiles[];
  /** null: certificates are the operator's own. */
  readonly acme: AcmeConfig | null;
}

/** Absolute paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface AcmeConfig {
  /** Address that the certificate authority may write to; null: none. */
  readonly email: string | null;
  /** URL of the authority's directory (RFC 8555 §7.1.1). */
  readonly directory: string;
  /** Whether the first handshake for a known host orders its certificate. */
  readonly onDemand: boolean;
  readonly maxOrdersPerHour: number;
  /** File with certificates by which the authority's server is trusted, besides those of Node.js; null: none. */
  readonly caFile: string | null;
  /** Profile of certificates, as the authority names it; null: its default. */
  readonly profile: string | null;
  readonly externalAccount: ExternalAccount | null;
  readonly dnsHook: DnsHook | null;
}
