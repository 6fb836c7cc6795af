/** Time that runs evenly, whatever the machine's clock is set to. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Uptime {
  /** Names the boot that `nowMs` counts from. */
  readonly bootId: string;
  /** Ms since the boot, also across restarts of the server. */
  nowMs(): number;
}

const NS_PER_MS = 1e6;

/** Reads CLOCK_MONOTONIC. Where the boot has no name, each server counts as a boot of its own. */
export function systemUptime(): Uptime {
  return { bootId: readBootId(), nowMs: () => Number(process.hrtime.bigint()) / NS_PER_MS };
}

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return randomUUID();
  }
}
