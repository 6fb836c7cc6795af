import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { createUsageMeter } from '../../src/process/usage.ts';

it('measures a process with its children, and leaves out what is gone', async () => {
  const program = `const { spawn } = require('node:child_process');
    const stay = ['-e', 'const kept = Buffer.alloc(80 * 1024 * 1024, 1); process.stdout.write("up"); setInterval(() => kept, 1000)'];
    spawn(process.execPath, stay, { stdio: ['ignore', 'inherit', 'ignore'] });
    setInterval(() => {}, 1000);`;
  const root = spawn(process.execPath, ['-e', program], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const pid = root.pid ?? 0;
  onTestFinished(() => void process.kill(-pid, 'SIGKILL'));
  await once(root.stdout, 'data');
  const usages = await createUsageMeter().measure([pid, 2 ** 22 + 1]);
  expect([...usages.keys()]).toEqual([pid]);
  expect(usages.get(pid)?.memoryBytes).toBeGreaterThan(100 * 1024 * 1024);
  expect(usages.get(pid)?.cpuSeconds).toBeGreaterThan(0);
});
