import { describe, expect, it } from 'vitest';
import type { CertificateView } from '../../../src/core/acme/certificate-view.ts';
import type { EventEntry } from '../../../src/core/lifecycle/event-entry.ts';
import { type AttentionInput, concerns } from '../../../src/dashboard/model/attention.ts';
import { rowsOf } from '../../../src/dashboard/model/rows.ts';
import { instanceRow, tenantRow } from './rows-support.ts';

const nowMs = Date.parse('2026-11-28T12:00:00Z');

function found(input: Partial<AttentionInput>) {
  const all = concerns({ rows: rowsOf({ tenants: [], instances: [] }), certificates: [], events: [], nowMs, ...input });
  return all.map(({ level, subject, word, why }) => `${level} ${subject} ${word}: ${why}`);
}

function crash(instance: `${string}:${string}`, at: string): EventEntry {
  const tenant = instance.split(':')[1] ?? null;
  const none = { data: {}, actor: 'system', tokenId: null, address: null };
  return { seq: 1, at, type: 'crashed', instance, tenant, message: 'ended by SIGSEGV', ...none };
}

const certificate: CertificateView = {
  name: 'shop.example.com',
  tenant: 'acme',
  state: 'issued',
  issuedAt: null,
  expiresAt: null,
  daysLeft: 60,
  renewAt: null,
  nextTryAt: null,
  lastError: null,
};

describe('concerns', () => {
  it('has none for what sleeps, serves or was stopped', () => {
    const rows = rowsOf({
      tenants: [tenantRow('acme'), tenantRow('old', { state: 'expired' })],
      instances: [
        instanceRow('api:acme'),
        instanceRow('api:b', { state: 'ready' }),
        instanceRow('api:c', { state: 'stopped' }),
      ],
    });
    expect(found({ rows, certificates: [certificate] })).toEqual([]);
  });

  it('names what is down first, and why', () => {
    const rows = rowsOf({
      tenants: [tenantRow('globex', { state: 'over_quota', reason: 'all requests are used' })],
      instances: [instanceRow('api:acme', { state: 'failed', reason: 'crashed 4 times' })],
    });
    expect(found({ rows })).toEqual([
      'bad api:acme failed: crashed 4 times',
      'warn globex over quota: all requests are used',
    ]);
  });

  it('warns of memory near the limit, and of an expiry within a week', () => {
    const rows = rowsOf({
      tenants: [
        tenantRow('soon', { expiresAt: '2026-11-30T12:00:00Z' }),
        tenantRow('later', { expiresAt: '2027-11-30T12:00:00Z' }),
      ],
      instances: [instanceRow('api:acme', { state: 'ready', memoryBytes: 95, memoryLimitBytes: 100 })],
    });
    expect(found({ rows })).toEqual([
      'warn api:acme memory: uses 95 % of its memory limit',
      'warn soon expires: expires in 2d',
    ]);
  });

  it('warns of certificates that are not renewed, and names the error', () => {
    const certificates: CertificateView[] = [
      { ...certificate, daysLeft: 9, lastError: 'connection refused' },
      { ...certificate, name: 'b.example.com', state: 'failed', lastError: 'rate limited' },
    ];
    expect(found({ certificates })).toEqual([
      'bad b.example.com certificate: has no valid certificate: rate limited',
      'warn shop.example.com certificate: its certificate expires in 9 days: connection refused',
    ]);
  });

  it('remembers crashes of the last hour of what runs again, once for each instance', () => {
    const rows = rowsOf({ tenants: [], instances: [instanceRow('api:acme', { state: 'ready' })] });
    const events = [
      crash('api:acme', '2026-11-28T09:00:00Z'),
      crash('api:acme', '2026-11-28T11:30:00Z'),
      crash('api:acme', '2026-11-28T11:40:00Z'),
      crash('api:removed', '2026-11-28T11:40:00Z'),
    ];
    expect(found({ rows, events })).toEqual([
      'warn api:acme crashed: 2 times in the last hour, and is ready now. Last: ended by SIGSEGV',
    ]);
  });
});
