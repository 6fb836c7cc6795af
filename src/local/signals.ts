/** Signals of a running server. */

/** Signals that end the server. `on_exit` applies to SIGTERM and SIGQUIT; SIGQUIT hurries at once. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const;
/**
 * Ignored signals that would end this process by default. SIGUSR1 would make Node open a debugger to every local user.
 */
const MEANINGLESS = ['SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGALRM', 'SIGVTALRM', 'SIGIO'] as const;
/** npm and similar programs repeat a signal that the terminal has also sent to this process. */
const SAME_SIGNAL_MS = 50;

export interface ShutdownRequest {
  /** Settles at the first signal to end. */
  readonly asked: Promise<NodeJS.Signals>;
  readonly isAsked: boolean;
  /** Aborts at the second signal. */
  readonly hurry: AbortSignal;
}

/** Handles signals; from now on only SIGKILL ends this process. */
export function takeSignals(): ShutdownRequest {
  for (const signal of MEANINGLESS) process.on(signal, () => {});
  const { promise: asked, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const hurry = new AbortController();
  let askedAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    const isFirst = askedAtMs === null;
    askedAtMs ??= performance.now();
    if (isFirst) resolve(signal);
    if (signal === 'SIGQUIT' || performance.now() - askedAtMs > SAME_SIGNAL_MS) hurry.abort();
  };
  // The handlers stay installed: without a further handler, execa repeats a signal to be killed by it (signal-exit).
  for (const signal of ENDING) process.on(signal, onSignal);
  return {
    asked,
    get isAsked() {
      return askedAtMs !== null;
    },
    hurry: hurry.signal,
  };
}

/** Ignores readers of stdout or stderr that leave. The server continues, and its later output is dropped. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error').on('error', () => {});
}
