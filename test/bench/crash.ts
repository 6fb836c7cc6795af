/**
 * What the first crash of a healthy process costs its visitors. In turn: the application started by hand, from spawn to
 * its first 200, and the same behind the proxy, from SIGKILL of its process to the 200 of a request that is sent then.
 */
import { join } from 'node:path';
import { closeInherited } from '../../src/process/descriptors.ts';
import { bareStart, get } from './bare.ts';
import { EXAMPLE_APPS, startExample } from './example-app.ts';
import { medianAndP90, quantile, timed } from './figures.ts';

const ROUNDS = 21;

export async function bench(): Promise<void> {
  closeInherited();
  console.log(`the first crash against bare start, ms, median (p90) of ${ROUNDS}, interleaved`);
  console.log('app                     bare start        SIGKILL to answer   ratio');
  for (const app of EXAMPLE_APPS) await benchApp(app.label, app.example);
}

async function benchApp(label: string, example: string): Promise<void> {
  const { hypervisor, service, name, port, dir, close } = await startExample(example);
  const ask = () => get({ host: '127.0.0.1', port }, 'bench.localhost');
  const bare: number[] = [];
  const crashed: number[] = [];
  for (let round = -2; round < ROUNDS; round += 1) {
    // An operator's restart forgets the crashes before it.
    await hypervisor.restart(name);
    await ask();
    const { pid } = hypervisor.internals.supervisor.get(name);
    if (pid === null) throw new Error(`${name} has no process`);
    process.kill(pid, 'SIGKILL');
    const crashedMs = await timed(ask);
    let end = async () => {};
    const bareMs = await timed(async () => {
      end = await bareStart(service, join(dir, 'bare'));
    });
    await end();
    if (round < 0) continue;
    bare.push(bareMs);
    crashed.push(crashedMs);
  }
  await close();
  const ratio = (quantile(crashed, 0.5) / quantile(bare, 0.5)).toFixed(2);
  console.log(`${label.padEnd(24)}${medianAndP90(bare).padEnd(18)}${medianAndP90(crashed).padEnd(20)}${ratio}`);
}
