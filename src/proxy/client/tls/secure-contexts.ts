/** What OpenSSL needs of a certificate, made when it is first used. */
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Certificate } from '../../../core/tls/certificate.ts';

/** Mozilla's intermediate configuration, version 5.7, without DHE, which costs a server more than any client needs. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Sessions of one process are resumed by the others, so it is the same for all. */
export const SESSION_CONTEXT = 'tenement';

export const TLS_OPTIONS = {
  minVersion: 'TLSv1.2',
  ciphers: CIPHERS,
  // The client knows whether its processor has instructions for AES.
  honorCipherOrder: false,
  sessionIdContext: SESSION_CONTEXT,
} as const satisfies SecureContextOptions;

/** A context takes about 40 KiB, and there may be a certificate for each of thousands of tenants. */
const MAX_KEPT = 1000;

export class SecureContexts {
  /** By id of the certificate, the one used last at the end. */
  private readonly kept = new Map<string, SecureContext>();

  of(certificate: Certificate): SecureContext {
    const { id, chain, key } = certificate;
    const context = this.kept.get(id) ?? createSecureContext({ ...TLS_OPTIONS, cert: chain, key });
    this.kept.delete(id);
    this.kept.set(id, context);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MAX_KEPT) break;
      this.kept.delete(oldest);
    }
    return context;
  }
}
