/** What signals mean to a running server. */

/** `on_exit` is for SIGTERM, and for SIGQUIT, which hurries at once. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const;
/** Each would end this process; SIGUSR1 would have Node open a debugger to every user of this machine. */
const MEANINGLESS = ['SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGALRM', 'SIGVTALRM', 'SIGIO'] as const;
/** npm and the like pass on what the terminal has sent to this process as well. */
const SAME_SIGNAL_MS = 50;

export interface Ending {
  /** Settles on the first request to end. */
  readonly asked: Promise<NodeJS.Signals>;
  readonly isAsked: boolean;
  /** Aborts on the second. */
  readonly hurry: AbortSignal;
}

/** From now on no signal but SIGKILL ends this process. */
export function takeSignals(): Ending {
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
  // They stay: execa sends a signal once more, to be killed by it, when it finds none but its own (signal-exit).
  for (const signal of ENDING) process.on(signal, onSignal);
  return {
    asked,
    get isAsked() {
      return askedAtMs !== null;
    },
    hurry: hurry.signal,
  };
}

/** The reader of stdout or stderr may leave: the server serves on, and what it prints then is dropped. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error').on('error', () => {});
}
