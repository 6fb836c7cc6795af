/** A user without a delegated cgroup v2: tenement measures what the kernel does not limit. */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

// As built: Node strips types by WebAssembly, which it optimizes while it runs, and QEMU's emulation crashes that code.
const HYPERVISOR = fileURLToPath(new URL('../../dist/hypervisor.js', import.meta.url));
const TENANT = fileURLToPath(new URL('../fixtures/apps/tenant.mjs', import.meta.url));
const NOBODY = 65_534;

test('tenement ends a process tree over memory_limit_mb, reason oom', () => {
  const dir = mkdtempSync('/tmp/fb-');
  onTestFinished(() => rmSync(dir, { recursive: true }));
  chownSync(dir, NOBODY, NOBODY);
  const config = join(dir, 'tenement.toml');
  writeFileSync(
    config,
    `[service.app]\ncommand = ["${process.execPath}", "${TENANT}"]\nmemory_limit_mb = 200\nrestart = "never"\nstartup_timeout = 120\n`,
  );
  const code = `import { request } from 'node:http';
    import { Hypervisor } from ${JSON.stringify(HYPERVISOR)};
    const hypervisor = await Hypervisor.load(${JSON.stringify(config)});
    const ended = new Promise((resolve) => hypervisor.events.on('ended', resolve));
    const { socketPath } = await hypervisor.spawn('app', 'acme');
    request({ socketPath, path: '/leak', headers: { host: 'x' } }).on('error', () => {}).end();
    await ended;
    const { lastExit } = hypervisor.getInstance('app:acme');
    console.log(JSON.stringify(lastExit));
    await hypervisor.close();`;
  const asNobody = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'];
  const words = [...asNobody, process.execPath, '--input-type=module', '-e', code];
  const env = { PATH: process.env['PATH'], XDG_RUNTIME_DIR: dir };
  const said = execFileSync('setpriv', words, { encoding: 'utf8', cwd: dir, env });
  expect(JSON.parse(said)).toMatchObject({ reason: 'oom', detail: expect.stringMatching(/^used \d+ bytes of \d+$/) });
});
