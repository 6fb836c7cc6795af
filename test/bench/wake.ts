/**
 * What a wake adds to a bare start. In turn, so that the machine's drift meets both: the application
 * started by hand, from spawn to its first 200, and the same asleep behind the proxy, from request to 200.
 */
import { closeInherited } from '../../src/process/launch/descriptors.ts';
import { besideBareStart, EXAMPLE_APPS, type ExampleApp } from './example-app.ts';
import { timed } from './figures.ts';

const ROUNDS = 41;

export async function bench(): Promise<void> {
  closeInherited();
  console.log(`wake against bare start, ms, median (p90) of ${ROUNDS}, interleaved`);
  console.log('app                     bare start        wake through proxy  ratio');
  for (const app of EXAMPLE_APPS) await besideBareStart(app, ROUNDS, wake);
}

/** The time from a request to its answer, in ms; the instance is asleep before and after. */
async function wake({ hypervisor, name, ask }: ExampleApp): Promise<number> {
  await hypervisor.sleep(name);
  const wakeMs = await timed(ask);
  await hypervisor.sleep(name);
  return wakeMs;
}
