/** Authentication and permission: tokens, scopes, origins. */
import type { CodeEntry } from './code-entry.ts';

export const ACCESS_CODES = {
  bad_token: {
    httpStatus: 401,
    exitStatus: 1,
    hint: 'Send a valid token of the issuer as `Authorization: Bearer TOKEN`; docs/identity.md lists what is refused.',
  },
  bad_tenant_claim: {
    httpStatus: 403,
    exitStatus: 1,
    hint: "A claim of `tenant_from` must hold the tenant's id, as `tenement tenant ls` shows it.",
  },
  tenant_mismatch: {
    httpStatus: 403,
    exitStatus: 1,
    hint: 'Host, path, header and token must name the same tenant; see `on_mismatch` in docs/identity.md.',
  },
  unauthorized: {
    httpStatus: 401,
    exitStatus: 1,
    hint: 'Send `Authorization: Bearer TOKEN`; the first token is in admin.token in the state directory.',
  },
  forbidden: {
    httpStatus: 403,
    exitStatus: 1,
    hint: 'Use an admin token; the first is in admin.token in the state directory.',
  },
  forbidden_origin: {
    httpStatus: 403,
    exitStatus: 1,
    hint: 'Call the API at its own address, and not from a page of another site.',
  },
  unknown_token: { httpStatus: 404, exitStatus: 1, hint: '`tenement token ls` lists the tokens.' },
  not_found: { httpStatus: 404, exitStatus: 1, hint: 'The routes are described at /openapi.json.' },
} as const satisfies Record<string, CodeEntry>;
