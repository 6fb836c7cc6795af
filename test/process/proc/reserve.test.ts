import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const src = fileURLToPath(new URL('../../../src/process', import.meta.url));

/** Runs in a process that may open 100 files, and has opened all. */
const SCRIPT = `
  const { keepReserve } = await import('${src}/proc/reserve.ts');
  const { isAlive, identityOf, allPids } = await import('${src}/proc/proc.ts');
  const { LogWriter } = await import('${src}/output/log-writer.ts');
  const { askLiveness } = await import('${src}/child/probe.ts');
  const { openSync, readFileSync } = await import('node:fs');
  if (process.argv[1] === 'kept') keepReserve();
  const self = identityOf(process.pid);
  try {
    for (;;) openSync('/dev/null', 'r');
  } catch {}
  const path = process.argv[2];
  const logger = { warn() {} };
  new LogWriter({ path, maxBytes: 1000, instance: 'web:acme', logger }).append('a line');
  const nobody = new AbortController().signal;
  const probe = await askLiveness({ socketPath: '/dev/null/none' }, null, 1000, nobody);
  const health = await askLiveness({ socketPath: '/dev/null/none' }, { path: '/', host: 'a', timeoutMs: 1000 }, 1000, nobody);
  console.log(JSON.stringify({ alive: isAlive(self), pids: allPids().length > 0, blamed: !probe.ok || !health.ok }));
`;

async function fullProcess(reserve: 'kept' | 'none') {
  const words = ['--input-type=module', '--no-warnings', '-e', SCRIPT, reserve, '/dev/null'];
  const { stdout } = await promisify(execFile)('/bin/sh', [
    '-c',
    'ulimit -n 100; exec "$@"',
    'sh',
    process.execPath,
    ...words,
  ]);
  return JSON.parse(stdout);
}

it('a server without free descriptors still sees which processes live, and blames no tenant', async () => {
  expect(await fullProcess('kept')).toEqual({ alive: true, pids: true, blamed: false });
});

it('a server without free descriptors and without a reserve would see no process', async () => {
  expect(await fullProcess('none')).toMatchObject({ alive: false, pids: false });
});
