/** The table `[tls]`. */
import { z } from 'zod';
import { address, count, text } from './values.ts';

const certificateSchema = z.strictObject({
  cert: text().describe('PEM file with the certificate, then its intermediates.'),
  key: text().describe('PEM file with its private key, which only its owner and group should be able to read.'),
});

const acmeSchema = z.strictObject({
  email: z
    .email('expected an address like "ops@example.com"')
    .optional()
    .describe('Address that the certificate authority may write to.'),
  directory: z
    .url({ protocol: /^https$/, error: 'expected the https URL of a directory, such as the default' })
    .default('https://acme-v02.api.letsencrypt.org/directory')
    .describe("URL of the authority's directory. Default: Let's Encrypt."),
  on_demand: z
    .boolean()
    .default(true)
    .describe('Whether the first handshake for a host that the proxy knows orders its certificate.'),
  max_orders_per_hour: count(1).default(20).describe('How many certificates may be ordered in an hour.'),
});

export const tlsSchema = z.strictObject({
  listen: address().default('0.0.0.0:443').describe('Address on which the proxy listens for TLS.'),
  redirect: z
    .boolean()
    .default(true)
    .describe(
      'Whether `[proxy] listen` sends clients to `listen` (308), for hosts that have a certificate or can have one.',
    ),
  certificates: z
    .array(certificateSchema)
    .default([])
    .describe(
      'The operator\'s own certificates: `[{ cert = "wild.pem", key = "wild.key" }]`. The files are read again when they change. The first one is used for clients that name no host.',
    ),
  acme: acmeSchema
    .optional()
    .describe('Certificates by ACME: `[tls.acme]`. Without it, there are only those of `certificates`.'),
});

export type TlsInput = z.output<typeof tlsSchema>;
