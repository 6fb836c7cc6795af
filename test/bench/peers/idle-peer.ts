/** What peers that start a tenant for a request and end it when idle have in common. */
import { join } from 'node:path';
import type { RunningPeer } from './peer.ts';
import { goneWithin } from './processes.ts';
import { mustAnswer } from './visitor.ts';

/** Idle time after which the peer ends a tenant. */
export const IDLE_S = 1;
const SLEEP_WITHIN_MS = 20_000;

export interface IdlePeer {
  readonly dir: string;
  readonly port: number;
  restart(): Promise<void>;
  /** Settles once the peer accepts the next request for `t0`, whose processes are gone. Default: at once. */
  settled?(): Promise<void>;
}

/** Settles once `t0` has answered and is asleep again. */
export async function idlePeer({ dir, port, restart, settled }: IdlePeer): Promise<RunningPeer> {
  const target = { port, host: 't0.localhost', prefix: '' };
  const tenantMark = join(dir, 't0/');
  const sleep = async () => {
    await goneWithin(tenantMark, SLEEP_WITHIN_MS);
    await settled?.();
  };
  await mustAnswer(target);
  await sleep();
  return { target, tenantMark, wake: 'request', sleep, revive: () => mustAnswer(target), restart };
}
