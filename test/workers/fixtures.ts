/** Counts of one process, as workers and the server exchange them. */
import type { LeaseTarget } from '../../src/core/admission/serving.ts';
import { NO_TRAFFIC } from '../../src/core/usage/traffic.ts';
import type { Share } from '../../src/workers/protocol.ts';

export const TARGET: LeaseTarget = {
  instance: 'web:acme',
  tenantId: 'acme',
  upstream: { socketPath: '/run/acme.sock' },
  generation: 7,
  requestTimeoutMs: 1000,
  isMetered: false,
};
export const NOTHING: Share = {
  generation: 7,
  requests: 0,
  streams: 0,
  total: 0,
  answered: 0,
  connections: 0,
  traffic: NO_TRAFFIC,
};
