/** Reads what is kept of a certificate beside it. */
import { createHash, X509Certificate as NodeCertificate } from 'node:crypto';
import { AuthorityKeyIdentifierExtension, X509Certificate } from '@peculiar/x509';
import type { Issued } from '../core/acme/certificate-record.ts';
import type { KeyAndChain } from '../core/acme/key-and-chain.ts';
import { type Certificate, ISSUED_RANK } from '../core/tls/certificate.ts';

/** @param chain as PEM, the certificate itself first */
export function issuedOf(chain: string): Issued {
  const leaf = new X509Certificate(chain.slice(0, chain.indexOf(END) + END.length));
  return {
    notBeforeMs: leaf.notBefore.getTime(),
    notAfterMs: leaf.notAfter.getTime(),
    renewalId: renewalIdOf(leaf),
  };
}

/** Returns a certificate as the listeners use it. @param name a host, or `*.` and a domain */
export function tableEntry({ key, chain }: KeyAndChain, name: string): Certificate {
  const leaf = new NodeCertificate(chain);
  const id = createHash('sha256').update(leaf.raw).digest('hex');
  return { id, chain, key, names: [name], rank: ISSUED_RANK, notAfterMs: Date.parse(leaf.validTo) };
}

const END = '-----END CERTIFICATE-----';

/** RFC 9773 §4.1: the key of the authority, and the serial number as it stands in DER. */
function renewalIdOf(leaf: X509Certificate): string | null {
  const keyId = leaf.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
  if (keyId === undefined) return null;
  const serial = Buffer.from(leaf.serialNumber, 'hex');
  return `${Buffer.from(keyId, 'hex').toString('base64url')}.${signed(serial).toString('base64url')}`;
}

/** DER puts a zero before a number whose first bit is set, so that it is not negative. */
function signed(serial: Buffer): Buffer {
  return (serial[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), serial]) : serial;
}
