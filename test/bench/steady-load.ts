/** A client that sends requests at a fixed rate, each on schedule whether or not earlier ones were answered. */
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from './figures.ts';

export const PER_SECOND = 500;
const ASKED_FOR_S = 12;
const WARM_UPS = 4;

/** How many requests the client's own code needs to be fully compiled, as measured. */
export async function warmUp(port: number, host: string): Promise<void> {
  for (let round = 0; round < WARM_UPS; round += 1) await steadyLoad(port, host);
}

export function shown({ p50Ms, p99Ms }: Seen): string {
  return `${p50Ms.toFixed(2)} ${p99Ms.toFixed(2)}`;
}

export interface Seen {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  readonly errors: number;
}

/** Keeps only times, so that the client's own garbage collection is not measured. */
export async function steadyLoad(
  port: number,
  host: string,
  { perSecond = PER_SECOND, seconds = ASKED_FOR_S } = {},
): Promise<Seen> {
  const agent = new Agent({ keepAlive: true });
  const times = new Float64Array(perSecond * seconds);
  const startedAtMs = performance.now();
  let count = 0;
  let errors = 0;
  let open = 0;
  const answered = (ms: number | null) => {
    open -= 1;
    if (ms === null) errors += 1;
    else times[count++] = ms;
  };
  for (let asked = 0; asked < times.length; asked += 1) {
    const dueInMs = startedAtMs + (asked * 1000) / perSecond - performance.now();
    if (dueInMs > 0) await delay(dueInMs);
    open += 1;
    ask({ port, host, agent }, answered);
  }
  while (open > 0) await delay(10);
  agent.destroy();
  const seen = [...times.subarray(0, count)];
  const longestMs = Math.max(0, ...seen);
  return { p50Ms: quantile(seen, 0.5), p99Ms: quantile(seen, 0.99), longestMs, errors };
}

interface Where {
  readonly port: number;
  readonly host: string;
  readonly agent: Agent;
}

/** `answered`: the duration in ms; null when the request failed. */
function ask({ port, host, agent }: Where, answered: (ms: number | null) => void): void {
  const startedAtMs = performance.now();
  const asked = request({ host: '127.0.0.1', port, agent, headers: { host } }, (response) => {
    const { statusCode } = response;
    response.resume().once('close', () => answered(statusCode === 200 ? performance.now() - startedAtMs : null));
  });
  asked.once('error', () => answered(null));
  asked.end();
}
