import { expect, it } from 'vitest';
import type { Certificate } from '../../../src/core/tls/certificate.ts';
import { type TlsChange, TlsTable } from '../../../src/core/tls/tls-table.ts';

const certificate: Certificate = { id: 'a', names: ['a.com'], rank: 0, notAfterMs: 1, chain: '', key: '' };

const ALL: readonly TlsChange[] = [
  { kind: 'ticket-key', key: 'abc' },
  { kind: 'certificate', slot: 'file:a', certificate },
  { kind: 'http-challenge', token: 'token', answer: 'token.thumb' },
  { kind: 'alpn-challenge', name: 'b.com', certificate },
];

it('is the same after its pieces were applied to another', async () => {
  const table = new TlsTable();
  await table.change(ALL);
  const copy = new TlsTable();
  for (const piece of table.pieces(2)) {
    expect(piece.length).toBeLessThanOrEqual(2);
    await copy.change(piece);
  }
  expect([...copy.pieces(100)]).toEqual([ALL]);
  expect(copy.certificates.find('a.com')).toBe(certificate);
  expect(copy.httpAnswer('token')).toBe('token.thumb');
  expect(copy.challenge('b.com')).toBe(certificate);
  expect(copy.ticketKey).toBe('abc');
});

it('takes away what is changed to null', async () => {
  const table = new TlsTable();
  await table.change(ALL);
  await table.change([
    { kind: 'certificate', slot: 'file:a', certificate: null },
    { kind: 'http-challenge', token: 'token', answer: null },
    { kind: 'alpn-challenge', name: 'b.com', certificate: null },
  ]);
  expect([...table.pieces(100)]).toEqual([[{ kind: 'ticket-key', key: 'abc' }]]);
  expect(table.hasHttpChallenges).toBe(false);
});

it('settles a change when every listener answers by it', async () => {
  const table = new TlsTable();
  const { promise, resolve } = Promise.withResolvers<void>();
  table.onChanged(() => promise);
  let isDone = false;
  const changed = table.change(ALL).then(() => {
    isDone = true;
  });
  expect(table.certificates.size).toBe(1);
  await Promise.resolve();
  expect(isDone).toBe(false);
  resolve();
  await changed;
  expect(isDone).toBe(true);
});
