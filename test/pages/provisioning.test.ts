/** docs/provisioning.md: its configuration and its commands, with the hook and the application of examples/provisioning. */
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { serveFile, temporaryDirectory } from '../e2e/support.ts';
import { PageShell, stepsOf } from './page-shell.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PATIENCE_MS = 60_000;
const PAGE = 'docs/provisioning.md';

it('docs/provisioning.md: each command prints what the page shows', { timeout: 3 * PATIENCE_MS }, async () => {
  const dir = temporaryDirectory();
  cpSync(join(ROOT, 'examples/provisioning'), dir, { recursive: true });
  const [, configuration = ''] = /^```toml\n(.*?)^```/ms.exec(readFileSync(join(ROOT, PAGE), 'utf8')) ?? [];
  expect(configuration).toContain('provision');
  const config = join(dir, 'tenement.toml');
  writeFileSync(config, configuration);
  const shell = new PageShell(await serveFile(config, dir), { '/srv/shelves': join(dir, 'shelves') });

  const steps = stepsOf(PAGE);
  const commands = steps.map(({ command }) => command);
  expect(commands.filter((command) => command.includes('globex'))).toHaveLength(3);
  for (const step of steps) {
    if (step.command === 'tenement tenant create globex') {
      renameSync(join(dir, 'shelves'), join(dir, 'away'));
      writeFileSync(join(dir, 'shelves'), 'no directory');
      await shell.expect(step, 1);
    } else {
      // The hook measures some seconds after a tenant's first process; a try of a hook may be under way.
      await vi.waitFor(() => shell.expect(step), { timeout: PATIENCE_MS });
    }
    if (step.command === 'tenement tenant show globex') {
      rmSync(join(dir, 'shelves'));
      renameSync(join(dir, 'away'), join(dir, 'shelves'));
    }
  }
});
