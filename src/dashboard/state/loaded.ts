/** What a screen reads for itself, and reads again when its cause changes. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api.ts';

export interface Loaded<Value> {
  /** null: not read yet. The last value stays while it is read again. */
  readonly value: Value | null;
  readonly problem: ApiError | null;
  reload(): void;
}

/** Changes come in bursts. */
const PAUSE_MS = 500;

/**
 * @param key what is read; another key forgets the value
 * @param cause read again whenever it is another
 */
export function useLoaded<Value>(
  key: string,
  cause: unknown,
  load: (signal: AbortSignal) => Promise<Value>,
): Loaded<Value> {
  const [state, setState] = useState<{ key: string; value: Value | null; problem: ApiError | null }>({
    key,
    value: null,
    problem: null,
  });
  const [times, setTimes] = useState(0);
  const last = useRef({ key: '', atMs: 0 });
  // `load` is another function at each render; `key` and `cause` say when it has to be called.
  useEffect(() => {
    const stopped = new AbortController();
    const isNew = last.current.key !== key;
    const waitMs = isNew ? 0 : Math.max(0, last.current.atMs + PAUSE_MS - Date.now());
    const timer = setTimeout(() => {
      last.current = { key, atMs: Date.now() };
      load(stopped.signal).then(
        (value) => {
          if (!stopped.signal.aborted) setState({ key, value, problem: null });
        },
        (error: unknown) => {
          if (stopped.signal.aborted) return;
          const problem = error instanceof ApiError ? error : new ApiError(0, { detail: String(error) });
          setState((before) => ({ key, value: before.key === key ? before.value : null, problem }));
        },
      );
    }, waitMs);
    return () => {
      clearTimeout(timer);
      stopped.abort();
    };
  }, [key, cause, times]);
  const isCurrent = state.key === key;
  return {
    value: isCurrent ? state.value : null,
    problem: isCurrent ? state.problem : null,
    reload: () => setTimes((before) => before + 1),
  };
}
