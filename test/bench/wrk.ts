/** Reads the output of wrk. */

export interface WrkFigures {
  readonly perSecond: number;
  readonly requests: number;
  /** The median latency; 0 without `--latency`. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 2xx or 3xx, and requests without an answer. */
  readonly errors: number;
  /** How many of `errors` are requests that took longer than wrk waits (2 s). */
  readonly timeouts: number;
}

export function readWrk(text: string): WrkFigures {
  const field = (pattern: RegExp) => pattern.exec(text)?.[1] ?? '0';
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  return {
    perSecond: Number(field(/Requests\/sec:\s+([\d.]+)/)),
    requests: Number(field(/(\d+) requests in/)),
    p50Ms: inMs(field(/^ +50% +(\S+)/m)),
    p99Ms: inMs(field(/^ +99% +(\S+)/m)),
    errors: Number(field(/Non-2xx or 3xx responses: (\d+)/)) + errors.reduce((sum, count) => sum + Number(count), 0),
    timeouts: Number(errors[3] ?? 0),
  };
}

function inMs(text: string): number {
  const value = Number.parseFloat(text);
  if (text.endsWith('us')) return value / 1000;
  return text.endsWith('ms') ? value : value * 1000;
}
