/**
 * What the first crash of a healthy process costs its visitors. In turn: the application started by hand, from spawn to
 * its first 200, and the same behind the proxy, from SIGKILL of its process to the 200 of a request that is sent then.
 */
import { closeInherited } from '../../src/process/launch/descriptors.ts';
import { besideBareStart, EXAMPLE_APPS, type ExampleApp } from './example-app.ts';
import { timed } from './figures.ts';

const ROUNDS = 21;

export async function bench(): Promise<void> {
  closeInherited();
  console.log(`the first crash against bare start, ms, median (p90) of ${ROUNDS}, interleaved`);
  console.log('app                     bare start        SIGKILL to answer   ratio');
  for (const app of EXAMPLE_APPS) await besideBareStart(app, ROUNDS, crash);
}

/** From SIGKILL of the process to the next answer, in ms. */
async function crash({ hypervisor, name, ask }: ExampleApp): Promise<number> {
  // An operator's restart makes tenement forget the earlier crashes.
  await hypervisor.restart(name);
  await ask();
  const { pid } = hypervisor.getInstance(name);
  if (pid === null) throw new Error(`${name} has no process`);
  process.kill(pid, 'SIGKILL');
  return timed(ask);
}
