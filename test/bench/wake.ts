/**
 * What a wake adds to a bare start. In turn, so that the machine's drift meets both: the application
 * started by hand, from spawn to its first 200, and the same asleep behind the proxy, from request to 200.
 */
import { join } from 'node:path';
import { closeInherited } from '../../src/process/descriptors.ts';
import { bareStart, get } from './bare.ts';
import { EXAMPLE_APPS, startExample } from './example-app.ts';
import { medianAndP90, quantile, timed } from './figures.ts';

const ROUNDS = 41;

export async function bench(): Promise<void> {
  closeInherited();
  console.log(`wake against bare start, ms, median (p90) of ${ROUNDS}, interleaved`);
  console.log('app                     bare start        wake through proxy  ratio');
  for (const app of EXAMPLE_APPS) await benchApp(app.label, app.example);
}

async function benchApp(label: string, example: string): Promise<void> {
  const { hypervisor, service, name, port, dir, close } = await startExample(example);
  const bare: number[] = [];
  const woken: number[] = [];
  for (let round = -2; round < ROUNDS; round += 1) {
    await hypervisor.sleep(name);
    const wakeMs = await timed(() => get({ host: '127.0.0.1', port }, 'bench.localhost'));
    await hypervisor.sleep(name);
    let end = async () => {};
    const bareMs = await timed(async () => {
      end = await bareStart(service, join(dir, 'bare'));
    });
    await end();
    if (round < 0) continue;
    bare.push(bareMs);
    woken.push(wakeMs);
  }
  await close();
  const ratio = (quantile(woken, 0.5) / quantile(bare, 0.5)).toFixed(2);
  console.log(`${label.padEnd(24)}${medianAndP90(bare).padEnd(18)}${medianAndP90(woken).padEnd(20)}${ratio}`);
}
