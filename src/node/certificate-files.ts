/** Reads a certificate of the operator's with its key, and finds out what would keep it from being used. */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { type Certificate, certificateNames } from '../core/tls/certificate.ts';
import type { CertificateFiles } from '../core/tls/tls-config.ts';

const MAX_BYTES = 1024 * 1024;
const READABLE_BY_OTHERS = 0o007;
const PEM_CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/** What people want to know of a certificate. */
export interface CertificateFacts {
  /** As in `Certificate`. */
  readonly names: readonly string[];
  /** Common name of the issuer, or its organisation. */
  readonly issuer: string;
  readonly isSelfSigned: boolean;
  /** Ms since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** What is wrong with files that can be used all the same, one sentence each. */
  readonly flaws: readonly string[];
}

export type ReadCertificate =
  | { readonly ok: true; readonly certificate: Certificate; readonly facts: CertificateFacts }
  /** `problem`: what is wrong with the file, after its name. */
  | { readonly ok: false; readonly of: 'cert' | 'key'; readonly problem: string };

class Unusable extends Error {
  readonly of: 'cert' | 'key';

  constructor(of: 'cert' | 'key', problem: string) {
    super(problem);
    this.of = of;
  }
}

/** @param rank as in `Certificate` */
export function readCertificate(files: CertificateFiles, rank: number): ReadCertificate {
  try {
    const chain = readChain(files);
    const { key, isOpen } = readKey(files);
    const leaf = ownOf(chain, key, files);
    const certificate = certificateOf(chain, leaf, key, rank);
    assertAccepted(certificate);
    return { ok: true, certificate, facts: factsOf(chain, leaf, isOpen ? [openKey(files)] : []) };
  } catch (error) {
    if (error instanceof Unusable) return { ok: false, of: error.of, problem: error.message };
    throw error;
  }
}

function readChain({ cert }: CertificateFiles): X509Certificate[] {
  const { bytes } = read('cert', cert);
  const text = bytes.toString('latin1');
  const parts = text.match(PEM_CERTIFICATE) ?? [];
  if (parts.length === 0) throw new Unusable('cert', noCertificate(bytes, cert));
  return parts.map((part, index) => {
    try {
      return new X509Certificate(part);
    } catch {
      throw new Unusable('cert', `its certificate number ${index + 1} cannot be read`);
    }
  });
}

function noCertificate(bytes: Buffer, file: string): string {
  const text = bytes.toString('latin1');
  if (text.includes('PRIVATE KEY-----')) return 'it has a private key and no certificate; are cert and key exchanged?';
  if (text.includes('-----BEGIN CERTIFICATE-----')) return 'it is cut off: a certificate has no end';
  if (text.includes('-----BEGIN CERTIFICATE REQUEST-----'))
    return 'it has a signing request, which a certificate authority turns into a certificate';
  if (text.charCodeAt(0) !== DER_SEQUENCE) return 'it has no certificate (PEM)';
  if (isCertificate(bytes)) return `it is not PEM; run: openssl x509 -inform der -in ${file}`;
  return `it is not PEM; if it is PKCS #12 (.p12, .pfx), run: openssl pkcs12 -noenc -in ${file} -out NEW.pem, and name NEW.pem as cert and as key`;
}

function isCertificate(bytes: Buffer): boolean {
  try {
    return new X509Certificate(bytes) instanceof X509Certificate;
  } catch {
    return false;
  }
}

const DER_SEQUENCE = 0x30;

function readKey({ key: file }: CertificateFiles): { key: KeyObject; isOpen: boolean } {
  const { bytes, mode } = read('key', file);
  const text = bytes.toString('latin1');
  if (ENCRYPTED.test(text))
    throw new Unusable(
      'key',
      `it is encrypted, and nobody types its passphrase when a server starts; run: openssl pkey -in ${file} -out NEW.key`,
    );
  if (!text.includes('PRIVATE KEY-----'))
    throw new Unusable(
      'key',
      text.includes('-----BEGIN CERTIFICATE-----')
        ? 'it has a certificate and no private key; are cert and key exchanged?'
        : 'it has no private key (PEM)',
    );
  try {
    return { key: createPrivateKey(bytes), isOpen: (mode & READABLE_BY_OTHERS) !== 0 };
  } catch {
    throw new Unusable('key', 'its private key cannot be read');
  }
}

/** Returns the first certificate, which must be the key's. */
function ownOf(chain: readonly X509Certificate[], key: KeyObject, { cert }: CertificateFiles): X509Certificate {
  const [first, ...others] = chain;
  if (first?.checkPrivateKey(key)) return first;
  const at = others.findIndex((other) => other.checkPrivateKey(key));
  if (at === -1) throw new Unusable('key', `it is the key of another certificate than ${cert}`);
  throw new Unusable(
    'cert',
    `its certificate number ${at + 2} is the one of the key; put that first, and those of its issuers behind it`,
  );
}

function certificateOf(
  chain: readonly X509Certificate[],
  leaf: X509Certificate,
  key: KeyObject,
  rank: number,
): Certificate {
  const pem = chain.map((one) => one.toString()).join('');
  return {
    id: createHash('sha256').update(pem).digest('hex'),
    chain: pem,
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    names: namesOf(leaf),
    rank,
    notAfterMs: Date.parse(leaf.validTo),
  };
}

/** OpenSSL also refuses keys that are too short, for example. */
function assertAccepted({ chain, key }: Certificate): void {
  try {
    createSecureContext({ cert: chain, key });
  } catch (error) {
    const { message } = error as Error;
    throw new Unusable('cert', `OpenSSL refuses it: ${message.replace(/^error:[0-9A-F]+:/, '').replaceAll('::', ' ')}`);
  }
}

function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  const names = subjectAltName.split(', ').filter((name) => name.startsWith('DNS:'));
  return certificateNames(names.map((name) => name.slice('DNS:'.length)));
}

function factsOf(chain: readonly X509Certificate[], leaf: X509Certificate, flaws: readonly string[]): CertificateFacts {
  const isInOrder = chain.every((one, index) => {
    const issuer = chain[index + 1];
    return issuer === undefined || one.checkIssued(issuer);
  });
  const isSelfSigned = leaf.checkIssued(leaf);
  const isAlone = chain.length === 1 && !isSelfSigned;
  return {
    names: namesOf(leaf),
    issuer: issuerOf(leaf),
    isSelfSigned,
    notBeforeMs: Date.parse(leaf.validFrom),
    notAfterMs: Date.parse(leaf.validTo),
    flaws: [...flaws, ...(isInOrder ? [] : [OUT_OF_ORDER]), ...(isAlone ? [alone(leaf)] : [])],
  };
}

const OUT_OF_ORDER =
  'the certificates are out of order, and some clients refuse such a chain: each should be followed by that of its issuer';

function alone(leaf: X509Certificate): string {
  return `there is no intermediate certificate behind it, and clients that do not know ${issuerOf(leaf)} refuse it: use the file with the whole chain (fullchain.pem)`;
}

function issuerOf({ issuer }: X509Certificate): string {
  const parts = new Map(issuer.split('\n').map((line): [string, string] => [line.slice(0, line.indexOf('=')), line]));
  const line = parts.get('CN') ?? parts.get('O') ?? issuer.split('\n')[0] ?? '';
  return line.slice(line.indexOf('=') + 1);
}

function openKey({ key }: CertificateFiles): string {
  return `other users may read the private key ${key}; run: chmod 600 ${key}`;
}

function read(of: 'cert' | 'key', path: string): { bytes: Buffer; mode: number } {
  try {
    // Opening a FIFO without a writer would block.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) throw new Unusable(of, 'it is not a regular file');
      if (stat.size > MAX_BYTES) throw new Unusable(of, `it has ${stat.size} bytes, more than ${MAX_BYTES}`);
      return { bytes: readFileSync(fd), mode: stat.mode };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof Unusable) throw error;
    throw new Unusable(of, unreadable(error as NodeJS.ErrnoException));
  }
}

function unreadable({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EACCES') return 'this user may not read it (EACCES)';
  return `it cannot be read (${code ?? message})`;
}
