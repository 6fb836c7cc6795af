import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { assertSameUser } from '../../../src/core/tenants/same-user.ts';

const own = { name: 'web', user: 'dynamic' } as const;

test("a tenant with one service as its own user and another as the server's is refused, and both services are named", () => {
  for (const user of ['root', null] as const) {
    const other = { name: 'worker', user };
    for (const [service, others] of [
      [own, [other]],
      [other, [own]],
    ] as const) {
      expect(() => assertSameUser(service, others, 'acme')).toThrow(
        expect.objectContaining({
          code: 'mixed_users',
          message: expect.stringContaining('service web, with a user of its own, and service worker'),
        }),
      );
    }
  }
  expect(() => assertSameUser(own, [{ name: 'worker', user: 'dynamic' }], 'acme')).not.toThrow();
  expect(() => assertSameUser({ name: 'a', user: 'root' }, [{ name: 'b', user: null }], 'acme')).not.toThrow();
});

test('a config is refused only if one tenant has services of different users', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'tenement.toml');
  const write = (worker: string) =>
    writeFileSync(
      file,
      `[proxy]\ndefault_service = "web"\n[service.web]\ncommand = "true"\nuser = "dynamic"\n[service.worker]\ncommand = "true"\n[instances]\nweb = ["acme"]\nworker = ["${worker}"]\n`,
    );
  write('acme');
  expect(() => loadConfig(file)).toThrow(/instances\.worker: acme would have service web/);
  write('globex');
  expect(loadConfig(file).instances).toHaveLength(2);
});
