import { expect, test } from 'vitest';
import { isMissing } from '../../e2e/fronts.ts';
import { app, get, inline, makeBench, PATIENT } from '../support.ts';

const status = inline(`require('node:http').createServer((_, response) =>
  response.end(require('node:fs').readFileSync('/proc/self/status'))).listen(process.env.SOCKET_PATH)`);

test('a child can gain no privileges', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: status });
  await child.waitReady(PATIENT);
  expect(await get(child.upstream)).toMatch(/^NoNewPrivs:\t1$/m);
});

test('nofile_limit holds for a child and cannot be raised again', async () => {
  const bench = makeBench();
  const limits = inline(`require('node:http').createServer((_, response) =>
    response.end(require('node:fs').readFileSync('/proc/self/limits'))).listen(process.env.SOCKET_PATH)`);
  const child = await bench.launch({ command: limits, nofileLimit: 100 });
  await child.waitReady(PATIENT);
  expect(await get(child.upstream)).toMatch(/^Max open files +100 +100 /m);
});

test('the programs before the application do not change its pid', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: app('tenant'), nofileLimit: 100 });
  await child.waitReady(PATIENT);
  expect(JSON.parse(await get(child.upstream)).pid).toBe(child.identity.pid);
});

test("a child's words and environment arrive unchanged, whatever a shell would make of them", async () => {
  const bench = makeBench();
  const odd = `it's "$HOME" \`id\` \\ \n $(id) ; *`;
  const env = inline(`require('node:http').createServer((_, response) =>
    response.end(JSON.stringify([process.argv[1], process.env]))).listen(process.env.SOCKET_PATH)`);
  const child = await bench.launch(
    { command: [...env, odd] },
    { ODD: odd, IFS: 'o', OPTIND: 'o', UID: '7', LD_ODD: odd },
  );
  await child.waitReady(PATIENT);
  const [word, seen] = JSON.parse(await get(child.upstream));
  expect(word).toBe(odd);
  expect(seen).toMatchObject({ ODD: odd, IFS: 'o', OPTIND: 'o', UID: '7', LD_ODD: odd });
  expect(Object.keys(seen).filter((name) => /^(PWD|OLDPWD|SHLVL)$/.test(name))).toEqual([]);
});

test.for([
  ['no-such-program', 'command not found: no-such-program'],
  ['/etc/passwd', 'not allowed to run: /etc/passwd'],
])('%s is not started, and the reason is told', async ([program = '', reason]) => {
  const bench = makeBench();
  const request = bench.request({ command: [program] });
  expect(await bench.launcher.launch(request)).toEqual({ ok: false, detail: reason });
});

test.skipIf(isMissing('bwrap'))('system calls are filtered in a namespace (apt-get install bubblewrap)', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: status, isolation: 'namespace' });
  await child.waitReady(PATIENT);
  expect(await get(child.upstream)).toMatch(/^Seccomp:\t2$/m);
});
