/** Requests that the proxy reads, holds and passes on. */
import type { CodeEntry } from './code-entry.ts';

export const REQUEST_CODES = {
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
  client_left: {
    httpStatus: 499,
    exitStatus: 1,
    hint: 'Stay connected until the answer is complete.',
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
  upstream_failed: {
    httpStatus: 502,
    exitStatus: 1,
    hint: 'The application exited or closed the connection before it answered.',
  },
  upstream_timeout: { httpStatus: 504, exitStatus: 1, hint: 'The application did not answer within request_timeout.' },
} as const satisfies Record<string, CodeEntry>;
