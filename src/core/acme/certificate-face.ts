/** Certificates by ACME as the API, the command line and the listeners see them. */
import type { Actor } from '../access/actor.ts';
import type { CertificateView } from './certificate-view.ts';

export interface CertificateQuery {
  /** Only those of this tenant. */
  readonly tenant?: string | undefined;
}

export interface CertificateFace {
  /** Whether the config has `[tls.acme]`. */
  readonly isOn: boolean;
  /** Lists what is known of each name, by name. */
  list(query?: CertificateQuery): CertificateView[];
  /** Returns the certificate that a host has, or waits for; null: none. */
  of(host: string): CertificateView | null;
  /**
   * Orders a certificate now, whatever the pause after a failure. Returns it when the order has ended.
   * @throws {TenementError} `certificates_off`, `unknown_certificate`, `certificate_failed`
   */
  renew(name: string, by: Actor): Promise<CertificateView>;
}
