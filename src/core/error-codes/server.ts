/** The server itself: its config, its host, its addresses, its state; and what a command is asked. */
import type { CodeEntry } from './code-entry.ts';

export const SERVER_CODES = {
  bad_config: { httpStatus: 500, exitStatus: 2, hint: 'Correct the file, then run `tenement check`.' },
  config_not_found: {
    httpStatus: 500,
    exitStatus: 2,
    hint: 'Name the file with -c FILE or TENEMENT_CONFIG, or run from its directory.',
  },
  usage: { httpStatus: 400, exitStatus: 2, hint: '`tenement help` lists the commands and options.' },
  bad_input: { httpStatus: 400, exitStatus: 2, hint: 'See `tenement help` or /openapi.json for what is accepted.' },
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
  closed: { httpStatus: 503, exitStatus: 1, hint: 'Load another hypervisor: a closed one serves no more requests.' },
  reader_too_slow: {
    httpStatus: 503,
    exitStatus: 1,
    hint: 'Read faster, and go on after the last event that was read: `follow({ afterSeq })`.',
  },
  shutting_down: { httpStatus: 503, exitStatus: 1, hint: 'The server is stopping; try again shortly.' },
  server_unreachable: {
    httpStatus: 503,
    exitStatus: 3,
    hint: 'Start the server with `tenement serve`, or name it with --api URL.',
  },
  internal: { httpStatus: 500, exitStatus: 1, hint: 'The server log has the details under the request id.' },
} as const satisfies Record<string, CodeEntry>;
