/** Functions of a host program around the processes of instances, each with a time-out. */
import { type InstanceName, parseInstanceName } from '../core/lifecycle/instance.ts';
import type { ProcessHooks } from '../core/ports.ts';
import type { Logger } from '../logger.ts';

/** Which process a hook is called for. */
export interface HookContext {
  /** Such as `api:acme`. */
  readonly instance: InstanceName;
  readonly service: string;
  readonly tenant: string;
  /** Aborts when the result is not waited for any more: after the time-out, or because the instance is to end. */
  readonly signal: AbortSignal;
}

/** Functions around each process of an instance. */
export interface LifecycleHooks {
  /**
   * Called before a process is started; the start waits for it. What it throws refuses the start: its message is the
   * reason, and the instance is treated as one whose command could not be run.
   */
  readonly beforeStart?: (context: HookContext) => unknown;
  /**
   * Called when nothing is left of a process, also of one that crashed or that an earlier server started; the next start
   * waits for it. What it throws is logged.
   */
  readonly afterStop?: (context: HookContext) => unknown;
  /** How long one call may take, in ms. Default: 10 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/** Returns hooks that always settle in time; null: there are none. */
export function processHooks(hooks: LifecycleHooks | undefined, logger: Logger): ProcessHooks | null {
  const { beforeStart, afterStop, timeoutMs = TIMEOUT_MS } = hooks ?? {};
  if (beforeStart === undefined && afterStop === undefined) return null;
  return {
    beforeStart: async (instance, ending) => {
      if (beforeStart === undefined) return null;
      const problem = await failureOf(beforeStart, 'beforeStart', { instance, ending, timeoutMs });
      return problem === null ? null : `refused by the host program: ${problem}`;
    },
    afterStop: async (instance, ending) => {
      if (afterStop === undefined) return;
      const problem = await failureOf(afterStop, 'afterStop', { instance, ending, timeoutMs });
      if (problem !== null && !ending.aborted) logger.error({ instance, reason: problem }, 'afterStop failed');
    },
  };
}

interface Call {
  readonly instance: InstanceName;
  readonly ending: AbortSignal;
  readonly timeoutMs: number;
}

/** Returns why a call failed, in one line; null: it did not. */
async function failureOf(
  hook: (context: HookContext) => unknown,
  name: string,
  { instance, ending, timeoutMs }: Call,
): Promise<string | null> {
  const timeUp = new AbortController();
  const timer = setTimeout(() => timeUp.abort(new Error(`${name} took longer than ${timeoutMs} ms`)), timeoutMs);
  const signal = AbortSignal.any([ending, timeUp.signal]);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const { service, tenantId: tenant } = parseInstanceName(instance);
  try {
    signal.throwIfAborted();
    await Promise.race([Promise.resolve(hook({ instance, service, tenant, signal })), aborted]);
    return null;
  } catch (error) {
    return String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
