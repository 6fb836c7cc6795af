/** Domains and their certificates. */
import type { CodeEntry } from './code-entry.ts';

export const DOMAIN_CODES = {
  bad_domain: {
    httpStatus: 400,
    exitStatus: 2,
    hint: 'A domain is a name in DNS, such as shop.example.com: labels of letters, digits and -, joined by dots.',
  },
  domain_taken: { httpStatus: 409, exitStatus: 1, hint: 'Each domain belongs to one tenant.' },
  domain_not_verified: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Make the TXT record that `tenement domain ls` shows, and wait until DNS has it.',
  },
  too_many_domains: { httpStatus: 409, exitStatus: 1, hint: 'Remove some of them first.' },
  unknown_domain: { httpStatus: 404, exitStatus: 1, hint: '`tenement domain ls` lists the domains.' },
  certificates_off: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Add [tls.acme] to the config; docs/certificates.md says how.',
  },
  unknown_certificate: {
    httpStatus: 404,
    exitStatus: 1,
    hint: '`tenement cert ls` lists the certificates; a host gets one when its domain is added, or at its first handshake.',
  },
  certificate_failed: {
    httpStatus: 502,
    exitStatus: 1,
    hint: 'docs/certificates.md says what to look at.',
  },
} as const satisfies Record<string, CodeEntry>;
