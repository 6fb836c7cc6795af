/** Tenants: their plans, secrets, hooks and notifications. */
import type { CodeEntry } from './code-entry.ts';

export const TENANT_CODES = {
  bad_id: {
    httpStatus: 400,
    exitStatus: 2,
    hint: 'An id is a DNS label: 1 to 63 of a-z, 0-9 and -, with no - at either end.',
  },
  unknown_plan: { httpStatus: 404, exitStatus: 1, hint: 'Plans are the [plan.NAME] tables of the config.' },
  plan_limit: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Give the tenant a plan with more `max_instances`, or unregister one of its instances.',
  },
  quota_exceeded: {
    httpStatus: 429,
    exitStatus: 1,
    hint: 'The plan of the tenant allows no more; `tenement tenant show` says of what.',
  },
  expired: {
    httpStatus: 402,
    exitStatus: 1,
    hint: "The tenant's time is over; `tenement tenant set ID --expires DATE` gives it a later date.",
  },
  tenant_busy: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Wait for its end, which `tenement tenant show` tells; whoever began it can end it with Ctrl-C.',
  },
  hold_timeout: {
    httpStatus: 504,
    exitStatus: 1,
    hint: 'The tenant serves again, and nothing else has changed. Raise `hold_timeout` of [tenants], or go without --still.',
  },
  unknown_secret: {
    httpStatus: 404,
    exitStatus: 1,
    hint: '`tenement secret ls ID` lists the secrets of a tenant; `tenement secret set ID NAME` sets one.',
  },
  secret_missing: {
    httpStatus: 503,
    exitStatus: 1,
    hint: '`tenement secret ls ID` lists the secrets of a tenant, and those that are missing.',
  },
  secret_taken: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Give one of the two another name, or remove the secret that is there: `tenement secret rm ID NAME`.',
  },
  secrets_locked: {
    httpStatus: 503,
    exitStatus: 1,
    hint: 'Put the key that the secrets were encrypted with in its place again; docs/secrets.md says where it is.',
  },
  provisioning: {
    httpStatus: 503,
    exitStatus: 1,
    hint: 'The tenant is being set up; try again shortly.',
  },
  provisioning_failed: {
    httpStatus: 502,
    exitStatus: 1,
    hint: 'The tenant is registered, and its instances do not start. It is tried again soon, and at each start of the server.',
  },
  deprovisioning_failed: {
    httpStatus: 502,
    exitStatus: 1,
    hint: 'What the hooks of the tenant have made is still there. It is tried again; `tenement tenant show` says when.',
  },
  unknown_receiver: {
    httpStatus: 404,
    exitStatus: 1,
    hint: '`tenement notify ls` lists the receivers, which are the [[notify]] tables of the config.',
  },
} as const satisfies Record<string, CodeEntry>;
