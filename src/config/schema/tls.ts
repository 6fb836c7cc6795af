/** The table `[tls]`. */
import { z } from 'zod';
import { parseDurationMs } from '../../core/limits/units.ts';
import { variableName } from '../../input-schemas.ts';
import { address, count, duration, text } from './values.ts';

const certificateSchema = z.strictObject({
  cert: text().describe('PEM file with the certificate, then its intermediates.'),
  key: text().describe('PEM file with its private key, which only its owner and group should be able to read.'),
});

const isTimeout = (value: number | string) => (parseDurationMs(value) ?? 0) > 0;

const externalAccountSchema = z.strictObject({
  key_id: text().describe('Key identifier that the authority gave.'),
  hmac_key_file: text().describe(
    'File with the MAC key that the authority gave, in base64url. Only its owner and group may read it.',
  ),
});

const dnsHookSchema = {
  dns_hook: z
    .union([text(), z.array(z.string()).min(1)], 'expected a string or an array of strings')
    .optional()
    .describe(
      'A program that makes and removes TXT records, by which names are proved. With it, each name of `[proxy] domain` gets a wildcard. See docs/certificates.md.',
    ),
  dns_hook_env: z
    .array(variableName)
    .default([])
    .describe('Names of variables that `dns_hook` gets from the server\'s environment, such as `"HETZNER_TOKEN"`.'),
  dns_hook_timeout: duration()
    .default('2m')
    .refine(isTimeout, 'expected a duration of more than 0')
    .describe('How long one run of `dns_hook` may take; then it is ended with all that it started.'),
  dns_wait: duration()
    .default('10s')
    .describe('How long after `dns_hook` has ended the authority is told to look for the record.'),
};

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
  ca_file: text()
    .optional()
    .describe("PEM file with certificates by which the authority's server is trusted, for an authority of your own."),
  profile: text()
    .optional()
    .describe('Profile of the certificates, such as `"shortlived"`. Default: that of the authority.'),
  external_account: externalAccountSchema
    .optional()
    .describe('The account that the authority has of you: `{ key_id = "…", hmac_key_file = "…" }`.'),
  ...dnsHookSchema,
});

export const tlsSchema = z.strictObject({
  listen: address().default('0.0.0.0:443').describe('Address on which the proxy listens for TLS.'),
  public_port: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe(
      'The port at which clients reach `listen`, when ports are mapped, such as `443`. Redirects and URLs name it. Default: the port of `listen`.',
    ),
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
