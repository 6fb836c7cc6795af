/** The time, for ages and countdowns; it stands still while nobody looks at the page. */
import { signal } from '@preact/signals';

const TICK_MS = 5000;

export const nowMs = signal(Date.now());

let timer: ReturnType<typeof setInterval> | undefined;

function run(): void {
  clearInterval(timer);
  if (document.visibilityState === 'hidden') return;
  nowMs.value = Date.now();
  timer = setInterval(() => {
    nowMs.value = Date.now();
  }, TICK_MS);
}

document.addEventListener('visibilitychange', run);
run();
