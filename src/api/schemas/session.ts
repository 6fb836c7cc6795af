/** Schemas of sessions of the dashboard. */
import { z } from 'zod';
import { ABILITIES } from '../../core/access/ability.ts';

export const loginQuery = z.strictObject({ code: z.string().min(1).max(200) });

export const loginLinkSchema = z.object({
  url: z.string().nullable().describe('Where the API listens; null: unknown.'),
  code: z.string().nullable().describe('The link is `URLlogin?code=CODE`. null: no login is needed.'),
  expiresAt: z.iso.datetime().nullable(),
});

export const sessionSchema = z.object({
  name: z.string().describe('The name of its token, `cli`, or `anonymous`.'),
  scope: z.string(),
  can: z.array(z.enum(ABILITIES)),
  expiresAt: z.iso.datetime().nullable(),
  version: z.string().describe('Of the server.'),
  services: z.array(z.string()).describe('Services of the config within the scope.'),
  plans: z.array(z.string()).describe('Plans that may be set.'),
});
