/** docs/backups.md: its configuration and its commands, with restic and a repository in a directory. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { skipsRestic } from '../e2e/backup-support.ts';
import { serveFile, temporaryDirectory, writeConfig } from '../e2e/support.ts';
import { shellBlocksOf } from './page-files.ts';
import { PageShell } from './page-shell.ts';

const PAGE = 'docs/backups.md';
const PATIENCE_MS = 60_000;
const SERVICE = '[service.api]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\nidle_timeout = 0\n';

it.skipIf(skipsRestic)(
  'docs/backups.md: each command does what the page says (apt-get install restic jq)',
  {
    timeout: 5 * PATIENCE_MS,
  },
  async () => {
    const dir = temporaryDirectory();
    const [, table = ''] = /^```toml\n(.*?)^```/ms.exec(readFileSync(PAGE, 'utf8')) ?? [];
    const config = join(dir, 'tenement.toml');
    writeFileSync(join(dir, 'backup.password'), 'not yet\n', { mode: 0o600 });
    writeConfig(config, SERVICE + table.replace('/srv/backup', join(dir, 'repository')));
    const server = await serveFile(config, dir);
    const shell = new PageShell(server, {
      '/srv/backup': join(dir, 'repository'),
      'backup.password': join(dir, 'backup.password'),
      // There is no backup of the page's dates.
      '2026-11-27T12:00:00Z': '2099-01-01T00:00:00Z',
      '--at 3h ': '',
    });
    const acme = join(server.dataDir, 'acme');
    for (const id of ['acme', 'globex']) {
      mkdirSync(join(server.dataDir, id), { mode: 0o700 });
      writeFileSync(join(server.dataDir, id, 'kept.txt'), id);
      expect((await server.cli('spawn', 'api', '--id', id)).status).toBe(0);
    }
    const run = async (command: string) => {
      const { status, output } = await shell.run(command);
      expect([command, status, output]).toEqual([command, 0, expect.anything()]);
      return output;
    };

    const blocks = shellBlocksOf(PAGE);
    expect(blocks.length).toBeGreaterThan(10);
    for (const block of blocks) {
      if (block.includes('restic forget')) {
        expect(await run(block)).toContain('snapshot');
        expect(JSON.parse(await run('tenement backup ls acme --json'))).toEqual([]);
        await run('tenement backup acme --force');
      } else if (block.includes('--at')) {
        for (const command of block.trim().split('\n')) {
          writeFileSync(join(acme, 'new.txt'), 'after the backup');
          await run(command);
          expect(existsSync(join(acme, 'new.txt'))).toBe(false);
          expect(existsSync(`${acme}.before-restore/new.txt`)).toBe(true);
          if (command !== block.trim().split('\n').at(-1)) await run('tenement restore acme --discard');
        }
      } else await run(block);
      if (block.includes('tenant rm acme')) expect(readFileSync(join(acme, 'kept.txt'), 'utf8')).toBe('acme');
      // The next block restores tenants that are gone.
      if (block.includes('restore acme-then') || block.includes('rm acme --purge')) {
        for (const id of ['acme', 'globex']) await run(`tenement tenant rm ${id} --purge --yes`);
      }
    }
    for (const id of ['acme', 'globex']) expect((await server.get(`${id}.localhost`)).status).toBe(200);
  },
);
