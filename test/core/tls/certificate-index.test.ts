import { expect, it } from 'vitest';
import { type Certificate, certificateNames, ISSUED_RANK, serverNameOf } from '../../../src/core/tls/certificate.ts';
import { CertificateIndex } from '../../../src/core/tls/certificate-index.ts';

function certificate(id: string, names: readonly string[], rank = 0, notAfterMs = 1): Certificate {
  return { id, names, rank, notAfterMs, chain: '', key: '' };
}

function indexOf(...all: Certificate[]): CertificateIndex {
  const index = new CertificateIndex();
  for (const one of all) index.set(one.id, one);
  return index;
}

it('prefers an exact name to a wildcard, whatever their order', () => {
  const exact = certificate('exact', ['shop.example.com'], 1);
  const index = indexOf(certificate('wild', ['*.example.com'], 0), exact);
  expect(index.find('shop.example.com')?.id).toBe('exact');
  expect(index.find('other.example.com')?.id).toBe('wild');
});

it('covers one label by a wildcard', () => {
  const index = indexOf(certificate('wild', ['*.example.com']));
  expect(index.find('a.b.example.com')).toBeNull();
  expect(index.find('example.com')).toBeNull();
});

it('finds nothing for a name that no certificate covers', () => {
  expect(indexOf(certificate('one', ['example.com'])).find('example.org')).toBeNull();
});

it("prefers the operator's own certificates in their order, then the one that is valid longer", () => {
  const issued = certificate('issued', ['example.com'], ISSUED_RANK, 9);
  const newer = certificate('newer', ['example.com'], ISSUED_RANK, 10);
  const index = indexOf(issued, newer);
  expect(index.find('example.com')?.id).toBe('newer');
  index.set('own', certificate('own', ['example.com'], 3, 1));
  expect(index.find('example.com')?.id).toBe('own');
  index.set('own', null);
  expect(index.find('example.com')?.id).toBe('newer');
});

it('finds the certificate that took the place of another, and no longer the names of the former', () => {
  const index = indexOf(certificate('slot', ['old.example.com', 'both.example.com']));
  index.set('slot', certificate('next', ['both.example.com', 'new.example.com']));
  expect(index.find('old.example.com')).toBeNull();
  expect(index.find('both.example.com')?.id).toBe('next');
  expect(index.find('new.example.com')?.id).toBe('next');
});

it('uses a certificate without names for hosts that no other covers', () => {
  const index = indexOf(certificate('bare', []), certificate('named', ['example.com'], 1));
  expect(index.find('example.com')?.id).toBe('named');
  expect(index.find('anything.org')?.id).toBe('bare');
});

it("uses the first of the operator's own for a client that names no host", () => {
  const index = indexOf(certificate('second', ['b.com'], 1), certificate('first', ['a.com'], 0));
  expect(index.fallback?.id).toBe('first');
  expect(indexOf(certificate('issued', ['a.com'], ISSUED_RANK)).fallback).toBeNull();
});

it.each([
  ['Shop.Example.COM', 'shop.example.com'],
  ['shop.example.com.', 'shop.example.com'],
  ['xn--mnchen-3ya.example', 'xn--mnchen-3ya.example'],
  ['my_host.example.com', 'my_host.example.com'],
  ['localhost', 'localhost'],
])('reads the server name %s as %s', (text, name) => {
  expect(serverNameOf(text)).toBe(name);
});

it.each([
  ['an address', '127.0.0.1'],
  ['an address of version 6', '::1'],
  ['a wildcard', '*.example.com'],
  ['an empty label', 'a..example.com'],
  ['nothing', ''],
  ['a space', 'a b.example.com'],
  ['a line end', 'a\r\nb.example.com'],
  ['a path', '../../etc/passwd'],
  ['a letter that is not of ASCII', 'münchen.example'],
  ['300 characters', `${'a.'.repeat(150)}com`],
  ['a label of 64', `${'a'.repeat(64)}.com`],
])('takes %s for no server name', (_what, text) => {
  expect(serverNameOf(text)).toBeNull();
});

it('keeps of the names of a certificate those that a host can have', () => {
  const names = ['*.Example.com', 'example.com', 'EXAMPLE.com.', 'a.*.example.com', '*', '192.0.2.1'];
  expect(certificateNames(names)).toEqual(['*.example.com', 'example.com']);
});
