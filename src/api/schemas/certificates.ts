/** Schemas of requests and responses about certificates by ACME. */
import { z } from 'zod';
import { CERTIFICATE_STATES } from '../../core/acme/certificate-view.ts';

const time = z.iso.datetime().nullable();

export const certificateSchema = z.object({
  name: z.string().describe('A host, or `*.` and a domain.'),
  tenant: z.string().nullable().describe("null: the server's own."),
  state: z.enum(CERTIFICATE_STATES),
  issuedAt: time,
  expiresAt: time,
  daysLeft: z.int().nullable(),
  renewAt: time.describe('When it is renewed, or its renewal is looked at.'),
  nextTryAt: time.describe('When the next order is begun after a failure.'),
  lastError: z.string().nullable(),
});

export const certificatesSchema = z.object({ certificates: z.array(certificateSchema) });

export const certificatesQuery = z.strictObject({
  tenant: z.string().min(1).optional().describe('Only those of this tenant.'),
});

export const certificateParams = z.object({
  name: z.string().describe('A host, for example shop.example.com, or `*.` and a domain'),
});
