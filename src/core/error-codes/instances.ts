/** Instances: how they are registered, started and stopped. */
import type { CodeEntry } from './code-entry.ts';

export const INSTANCE_CODES = {
  unknown_service: { httpStatus: 404, exitStatus: 1, hint: 'Services are the [service.NAME] tables of the config.' },
  unknown_tenant: {
    httpStatus: 404,
    exitStatus: 1,
    hint: '`tenement ps` lists the registered instances; `tenement spawn` registers one.',
  },
  already_registered: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'To keep it as it is, leave them out. `tenement set SERVICE:ID` (PATCH /api/instances/SERVICE:ID) changes them for one instance, `tenement tenant set ID` (PATCH /api/tenants/ID) for a tenant.',
  },
  purge_failed: {
    httpStatus: 500,
    exitStatus: 1,
    hint: 'The instance is unregistered. Unmount the file system, then delete the directory by hand.',
  },
  start_failed: { httpStatus: 503, exitStatus: 1, hint: '`tenement status` and `tenement logs` show its last lines.' },
  command_not_found: {
    httpStatus: 404,
    exitStatus: 127,
    hint: "The command is searched in the instance's PATH; a path that contains a / is relative to its workdir.",
  },
  exec_failed: { httpStatus: 500, exitStatus: 126, hint: '`tenement check` says what this host can give.' },
  starting: { httpStatus: 503, exitStatus: 1, hint: 'Try again shortly.' },
  backoff: {
    httpStatus: 503,
    exitStatus: 1,
    hint: 'The instance crashed and will be restarted; `tenement status` says why.',
  },
  failed: {
    httpStatus: 503,
    exitStatus: 1,
    hint: 'The instance crashes repeatedly; `tenement status` says why, and `tenement start` tries again at once.',
  },
  stopped: { httpStatus: 503, exitStatus: 1, hint: '`tenement status` says why; `tenement start` starts it again.' },
} as const satisfies Record<string, CodeEntry>;
