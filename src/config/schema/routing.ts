/** The table `[routing]`. */
import { z } from 'zod';
import { parseTenantSource } from '../../core/identity/tenant-source.ts';
import { label, parsedText, text } from './values.ts';

const oneOrMore = () => z.union([text(), z.array(text()).min(1)], 'expected a string or a list of strings');

/** RFC 6265 §4.1.1: a token. */
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const jwtSchema = z.strictObject({
  jwks: text()
    .optional()
    .describe(
      "The issuer's public keys: the URL of a JSON Web Key Set (https, or http on this machine), or a file. Loaded when the server starts, every five minutes, and for a token with an unknown key.",
    ),
  secret_file: text()
    .optional()
    .describe(
      'Instead of `jwks`: a file with the secret that signs tokens with HMAC (HS256), 32 bytes or more; while a secret is replaced, one a line. Only its owner and group may read it.',
    ),
  issuer: oneOrMore().optional().describe('What the claim `iss` of a token must be, or a list. Default: anything.'),
  audience: oneOrMore()
    .optional()
    .describe(
      'What the claim `aud` of a token must be or contain, or a list of which one is enough. Default: anything.',
    ),
  cookie: z
    .string()
    .regex(COOKIE_NAME, 'expected the name of a cookie: letters, digits, - and _')
    .optional()
    .describe('Name of a cookie that may hold the token, beside `Authorization: Bearer`.'),
});

export const routingSchema = z.strictObject({
  aliases: z.record(label(), label()).default({}).describe('Aliases: leading label = tenant id.'),
  tenant_from: z
    .array(parsedText(parseTenantSource))
    .min(1)
    .default(['host'])
    .describe(
      'What in a request names its tenant, in order; the first match decides. `host`, `path:/t/{tenant}`, `header:X-Tenant-Id` (from `trusted_proxies` alone), `jwt:tenant_id,tenantId` (claims of a signed token; see `[routing.jwt]`). See docs/identity.md.',
    ),
  on_mismatch: z
    .enum(['refuse', 'warn', 'first'])
    .default('refuse')
    .describe(
      'A request whose sources name different tenants: `refuse` answers 403. `warn` serves it by the first source, and logs it. `first` serves it by the first source, and looks at no later one.',
    ),
  jwt: jwtSchema.optional().describe('Tokens that are believed: `[routing.jwt]`.'),
});

export type RoutingInput = z.output<typeof routingSchema>;
