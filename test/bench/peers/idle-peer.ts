/** What is common to peers that start a tenant at a request and end it when it has been idle. */
import { join } from 'node:path';
import type { RunningPeer } from './peer.ts';
import { goneWithin } from './processes.ts';
import { mustAnswer } from './visitor.ts';

/** After which the peer ends a tenant. */
export const IDLE_S = 1;
const SLEEP_WITHIN_MS = 20_000;

export interface IdlePeer {
  readonly dir: string;
  readonly port: number;
  restart(): Promise<void>;
  /** Settles once the peer takes the next request for `t0`, whose processes are gone. Default: it does at once. */
  settled?(): Promise<void>;
}

/** @returns once `t0` has answered and is asleep again */
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
