/**
 * The only error class, and the table of all error codes. |
 * Codes are stable: scripts, API clients and tests rely on them. `api` and `proxy` use the HTTP status, `cli` the exit
 * status, and all of them the hint when the thrower gives none.
 */

type ExitStatus = 1 | 2 | 3 | 126 | 127;

interface CodeEntry {
  /** HTTP status of a response with this code. */
  readonly httpStatus: number;
  /**
   * Exit status of a command that fails with this code: 1 failed, 2 usage or bad input, 3 no server. `exec` follows the
   * shell: 127 when there is no such command, 126 when it cannot be run.
   */
  readonly exitStatus: ExitStatus;
  /** What to do about it, unless the thrower gives a better hint. */
  readonly hint: string;
}

export const ERROR_CODES = {
  bad_config: { httpStatus: 500, exitStatus: 2, hint: 'Correct the file, then run `tenement check`.' },
  config_not_found: {
    httpStatus: 500,
    exitStatus: 2,
    hint: 'Name the file with -c FILE or TENEMENT_CONFIG, or run from its directory.',
  },
  bad_id: {
    httpStatus: 400,
    exitStatus: 2,
    hint: 'An id is a DNS label: 1 to 63 of a-z, 0-9 and -, with no - at either end.',
  },
  bad_input: { httpStatus: 400, exitStatus: 2, hint: 'See `tenement help` or /openapi.json for what is accepted.' },
  usage: { httpStatus: 400, exitStatus: 2, hint: '`tenement help` lists the commands and options.' },
  bad_host: { httpStatus: 400, exitStatus: 2, hint: 'Send exactly one valid Host header.' },
  bad_request: { httpStatus: 400, exitStatus: 2, hint: 'Send a well-formed HTTP/1.1 request.' },
  plain_http: { httpStatus: 400, exitStatus: 2, hint: 'Connect to this port by https://.' },
  misdirected_request: {
    httpStatus: 421,
    exitStatus: 2,
    hint: 'Send the request on a connection whose TLS handshake names its host.',
  },
  expectation_failed: {
    httpStatus: 417,
    exitStatus: 2,
    hint: 'Send no Expect header, or exactly `100-continue`.',
  },
  headers_too_large: { httpStatus: 431, exitStatus: 2, hint: 'Send smaller headers, or raise [proxy] max_header_kb.' },
  client_too_slow: { httpStatus: 408, exitStatus: 1, hint: 'Send the whole request within the time-outs of [proxy].' },
  unknown_service: { httpStatus: 404, exitStatus: 1, hint: 'Services are the [service.NAME] tables of the config.' },
  unknown_tenant: {
    httpStatus: 404,
    exitStatus: 1,
    hint: '`tenement ps` lists the registered instances; `tenement spawn` registers one.',
  },
  unknown_plan: { httpStatus: 404, exitStatus: 1, hint: 'Plans are the [plan.NAME] tables of the config.' },
  plan_limit: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Give the tenant a plan with more `max_instances`, or unregister one of its instances.',
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
  bad_domain: {
    httpStatus: 400,
    exitStatus: 2,
    hint: 'A domain is a name in DNS, such as shop.example.com: labels of letters, digits and -, joined by dots.',
  },
  domain_taken: { httpStatus: 409, exitStatus: 1, hint: 'Each domain belongs to one tenant.' },
  domain_not_verified: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Make the TXT record that `tenement domain ls` shows, and wait until DNS has it.',
  },
  too_many_domains: { httpStatus: 409, exitStatus: 1, hint: 'Remove some of them first.' },
  certificates_off: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Add [tls.acme] to the config; docs/certificates.md says how.',
  },
  unknown_certificate: {
    httpStatus: 404,
    exitStatus: 1,
    hint: '`tenement cert ls` lists the certificates; a host gets one when its domain is added, or at its first handshake.',
  },
  certificate_failed: {
    httpStatus: 502,
    exitStatus: 1,
    hint: 'docs/certificates.md says what to look at.',
  },
  unknown_domain: { httpStatus: 404, exitStatus: 1, hint: '`tenement domain ls` lists the domains.' },
  unknown_token: { httpStatus: 404, exitStatus: 1, hint: '`tenement token ls` lists the tokens.' },
  unknown_receiver: {
    httpStatus: 404,
    exitStatus: 1,
    hint: '`tenement notify ls` lists the receivers, which are the [[notify]] tables of the config.',
  },
  not_found: { httpStatus: 404, exitStatus: 1, hint: 'The routes are described at /openapi.json.' },
  socket_conflict: {
    httpStatus: 409,
    exitStatus: 2,
    hint: 'Give each service a `socket` of its own, with {service} and {id} in it.',
  },
  mixed_users: {
    httpStatus: 409,
    exitStatus: 2,
    hint: 'Give all services of a tenant the same `user`.',
  },
  socket_path_too_long: {
    httpStatus: 400,
    exitStatus: 2,
    hint: 'Shorten `socket`, `runtime_dir` or the id: a Unix socket path holds 107 bytes.',
  },
  already_running: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Stop that server first, or give this one another data_dir.',
  },
  already_registered: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'To keep it as it is, leave them out. `tenement set SERVICE:ID` (PATCH /api/instances/SERVICE:ID) changes them for one instance, `tenement tenant set ID` (PATCH /api/tenants/ID) for a tenant.',
  },
  sockets_taken: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Give each server its own `runtime_dir` (or its services another `socket`), or stop the other server.',
  },
  node_too_old: { httpStatus: 500, exitStatus: 1, hint: 'Install a newer Node from https://nodejs.org/.' },
  unsupported_runtime: { httpStatus: 500, exitStatus: 1, hint: 'Run tenement with Node: https://nodejs.org/.' },
  host_cannot: { httpStatus: 500, exitStatus: 1, hint: '`tenement check` lists what this host can give.' },
  listen_failed: {
    httpStatus: 500,
    exitStatus: 1,
    hint: 'Choose another address, or stop the program that listens there.',
  },
  state_failed: {
    httpStatus: 503,
    exitStatus: 1,
    hint: 'Check that the data directory exists, is writable and has free space.',
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
  provisioning: {
    httpStatus: 503,
    exitStatus: 1,
    hint: 'The tenant is being set up; try again shortly.',
  },
  quota_exceeded: {
    httpStatus: 429,
    exitStatus: 1,
    hint: 'The plan of the tenant allows no more; `tenement tenant show` says of what.',
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
  expired: {
    httpStatus: 402,
    exitStatus: 1,
    hint: "The tenant's time is over; `tenement tenant set ID --expires DATE` gives it a later date.",
  },
  client_left: {
    httpStatus: 499,
    exitStatus: 1,
    hint: 'Stay connected until the answer is complete.',
  },
  bad_archive: {
    httpStatus: 422,
    exitStatus: 2,
    hint: 'Nothing of it was kept. `tenement export` makes archives that are accepted.',
  },
  bad_passphrase: {
    httpStatus: 422,
    exitStatus: 2,
    hint: 'Give the passphrase that the archive was made with, or none: its secrets are left out then.',
  },
  output_unreachable: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Export with `-o -`, and let the shell write the file.',
  },
  export_failed: {
    httpStatus: 500,
    exitStatus: 1,
    hint: 'The tenant is as it was. With --still, databases are copied while nobody writes.',
  },
  import_failed: {
    httpStatus: 500,
    exitStatus: 1,
    hint: 'Nothing of it was kept. Check that the data directory has free space, then try again.',
  },
  already_exists: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Give another id with --id, or remove what is there first: `tenement tenant rm ID --purge`.',
  },
  tenant_busy: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Wait for its end, which `tenement tenant show` tells; whoever began it can end it with Ctrl-C.',
  },
  backups_off: {
    httpStatus: 409,
    exitStatus: 1,
    hint: 'Add [backup] with repository and password_file to the config; see docs/backups.md.',
  },
  repository_failed: {
    httpStatus: 502,
    exitStatus: 1,
    hint: 'Nothing of a tenant has changed. Mend the repository, then run `tenement backup` again.',
  },
  unknown_backup: {
    httpStatus: 404,
    exitStatus: 1,
    hint: '`tenement backup ls ID` lists the backups of a tenant.',
  },
  hold_timeout: {
    httpStatus: 504,
    exitStatus: 1,
    hint: 'The tenant serves again, and nothing else has changed. Raise `hold_timeout` of [tenants], or go without --still.',
  },
  wake_queue_full: {
    httpStatus: 503,
    exitStatus: 1,
    hint: 'Too many requests are waiting for the instance to wake; try again shortly.',
  },
  rate_limited: {
    httpStatus: 429,
    exitStatus: 1,
    hint: 'Wait for as long as Retry-After says; `rate` and `max_connections` of the plan are the limits.',
  },
  at_capacity: {
    httpStatus: 503,
    exitStatus: 1,
    hint: 'The maximum number of instances or connections is in use; try again shortly.',
  },
  closed: { httpStatus: 503, exitStatus: 1, hint: 'Load another hypervisor: a closed one serves no more requests.' },
  shutting_down: { httpStatus: 503, exitStatus: 1, hint: 'The server is stopping; try again shortly.' },
  upstream_failed: {
    httpStatus: 502,
    exitStatus: 1,
    hint: 'The application exited or closed the connection before it answered.',
  },
  upstream_timeout: { httpStatus: 504, exitStatus: 1, hint: 'The application did not answer within request_timeout.' },
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
  server_unreachable: {
    httpStatus: 503,
    exitStatus: 3,
    hint: 'Start the server with `tenement serve`, or name it with --api URL.',
  },
  internal: { httpStatus: 500, exitStatus: 1, hint: 'The server log has the details under the request id.' },
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The piece of a file that an error is about. */
export interface SourceExcerpt {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** In UTF-16 code units, at least 1. */
  readonly length: number;
  /** The whole line. */
  readonly text: string;
}

export interface TenementErrorOptions {
  /** Replaces the code's own hint. */
  readonly hint?: string;
  /** Seconds after which a retry makes sense; becomes `Retry-After`. */
  readonly retryAfterS?: number;
  /** Further problems, one line each. */
  readonly details?: readonly string[];
  /** Where in a file the message and each of the details point; null: nowhere in particular. */
  readonly excerpts?: readonly (SourceExcerpt | null)[];
  readonly cause?: unknown;
}

/** An error for a person or program: one line that says what is wrong, and where. */
export class TenementError extends Error {
  override readonly name = 'TenementError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryAfterS: number | null;
  readonly details: readonly string[];
  readonly excerpts: readonly (SourceExcerpt | null)[];

  constructor(code: ErrorCode, message: string, options: TenementErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? ERROR_CODES[code].hint;
    this.retryAfterS = options.retryAfterS ?? null;
    this.details = options.details ?? [];
    this.excerpts = options.excerpts ?? [];
  }

  get httpStatus(): number {
    return ERROR_CODES[this.code].httpStatus;
  }

  get exitStatus(): ExitStatus {
    return ERROR_CODES[this.code].exitStatus;
  }
}

/** Whether the registry is unavailable because another process holds its lock, which passes. */
export function isLockedOut(error: unknown): boolean {
  return error instanceof TenementError && error.code === 'state_failed' && error.retryAfterS !== null;
}

/** Returns a TenementError as it is, and wraps any other error as `internal`, with the original as its cause. */
export function toTenementError(error: unknown): TenementError {
  if (error instanceof TenementError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TenementError('internal', message, { cause: error });
}
