import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { servicesStarting, unitDirs } from '../../../src/process/systemd/unit-files.ts';
import { makeDir } from '../support.ts';

test('services are found by their command, in all directories, through links and over several lines', async () => {
  const [own, vendor] = [makeDir(), makeDir()];
  const service = (lines: string) => `[Unit]\nDescription=tenement\n[Service]\n${lines}\n`;
  writeFileSync(join(own, 'a.service'), service('ExecStart=/usr/local/bin/tenement serve'));
  writeFileSync(
    join(own, 'long.service'),
    service('ExecStart=/usr/bin/node \\\n  /opt/tenement/bin/tenement.js serve'),
  );
  writeFileSync(join(own, 'other.service'), service('ExecStart=/usr/sbin/nginx\nExecStop=/bin/tenement'));
  writeFileSync(join(own, 'a.socket'), service('ExecStart=/usr/local/bin/tenement serve'));
  writeFileSync(join(vendor, 'web@.service'), service('ExecStart = /usr/local/bin/tenement serve -c %i'));
  symlinkSync(join(own, 'a.service'), join(vendor, 'alias.service'));
  symlinkSync('/dev/null/nowhere', join(vendor, 'broken.service'));
  mkdirSync(join(vendor, 'dir.service'));
  const found = await servicesStarting(/tenement/, [own, join(own, 'missing'), vendor]);
  expect(found.toSorted()).toEqual(['a.service', 'alias.service', 'long.service', 'web@.service']);
});

test("a user's units lie with the user", () => {
  const env = { XDG_CONFIG_HOME: '/home/web/.config', XDG_RUNTIME_DIR: '/run/user/7' };
  expect(unitDirs('user', env)).toEqual(
    expect.arrayContaining(['/home/web/.config/systemd/user', '/run/user/7/systemd/user']),
  );
  expect(unitDirs('system')).toContain('/etc/systemd/system');
});
