/** The system's clock. */
import type { Clock } from '../core/ports.ts';
import { turns } from './event-loop-turns.ts';

/** The longest delay of a Node timer; a longer wait takes several timers. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    let timer: NodeJS.Timeout;
    let cancelled = false;
    const wait = (leftMs: number) => {
      const nowMs = Math.min(leftMs, LONGEST_TIMER_MS);
      timer = setTimeout(() => (leftMs > nowMs ? wait(leftMs - nowMs) : due()), nowMs);
      timer.unref();
    };
    const due = () => turns.do(() => void (cancelled || run()));
    wait(delayMs);
    return () => {
      cancelled = true;
      clearTimeout(timer);
    };
  },
};
