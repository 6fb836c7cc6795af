/** Tenants that are copied under load, archives that mean harm, and servers that are killed in the midst of it. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { REFUSED_ENTRIES, REFUSED_HEADS } from '../../archive/refused-archives.ts';
import { exportedBy, ledger, leftovers, numbersIn, tenantOf, upload, write } from '../archive-support.ts';
import { constantLoad } from '../constant-load.ts';
import { readProc, serve, serveAll } from '../support.ts';

const CONFIG = `
[proxy]
default_service = "app"
${ledger('app')}`;
const running = serveAll(CONFIG.replace('storage_limit_mb = 64', 'storage_limit_mb = 1'));

it('a tenant under write load is exported, cloned and imported: no request fails, and no acknowledged write is missing', async () => {
  await tenantOf(running(), 'busy');
  const server = running();
  let next = 0;
  const acknowledged: number[] = [];
  const load = constantLoad(4, async () => {
    next += 1;
    const n = next;
    const answer = await write(server, 'busy', n);
    if (answer.status === 201) acknowledged.push(n);
    return answer;
  });
  const copies: { readonly id: string; readonly before: readonly number[] }[] = [];
  const copied = async (id: string, copy: () => Promise<unknown>) => {
    await load.more(20);
    copies.push({ id, before: [...acknowledged] });
    await copy();
  };
  for (const still of [[], ['--still']]) {
    const suffix = still.length === 0 ? 'live' : 'still';
    await copied(`clone-${suffix}`, () =>
      server.cli('clone', 'busy', '--id', `clone-${suffix}`, '--no-start', ...still),
    );
    await copied(`import-${suffix}`, async () =>
      server.cli('import', await exportedBy(running(), 'busy', ...still), '--id', `import-${suffix}`, '--no-start'),
    );
  }
  await load.more(20);
  const { answers, failures } = await load.end();
  expect(failures).toEqual([]);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  for (const { id, before } of copies) {
    const there = new Set(numbersIn(join(server.dataDir, id)));
    expect(
      before.filter((n) => !there.has(n)),
      id,
    ).toEqual([]);
  }
  expect(leftovers(running())).toEqual([]);
});

describe('an archive that is refused', () => {
  it.each(REFUSED_HEADS)('because it has $what leaves nothing behind', async ({ bytes, why }) => {
    await assertRefused(await bytes(), why);
  });

  it.each(
    REFUSED_ENTRIES.filter(({ what }) => /^(an absolute link|a device|no end|half of it|`\.\.` in a name)$/.test(what)),
  )('because it has $what leaves nothing behind', async ({ bytes, why }) => {
    await assertRefused(await bytes(), why);
  });

  async function assertRefused(bytes: Buffer, why: RegExp) {
    const answer = await upload(running(), '/api/tenants/refused/import', bytes);
    expect(answer.status).toBe(422);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'bad_archive', detail: expect.stringMatching(why) });
    expect(leftovers(running())).toEqual([]);
    expect(existsSync(join(running().dataDir, 'refused'))).toBe(false);
    expect((await running().api('/api/tenants/refused')).status).toBe(404);
  }
});

describe('a server that is killed', () => {
  /** After so many ms; the operations take some hundreds. */
  const MOMENTS = [20, 60, 120, 200, 300, 450, 650];

  it.each([
    ['export', ['export', 'acme', '-o', 'FILE']],
    ['export --still', ['export', 'acme', '--still', '-o', 'FILE']],
    ['clone', ['clone', 'acme', '--id', 'globex', '--no-start']],
    ['import', ['import', 'ARCHIVE', '--id', 'globex', '--no-start']],
  ])('in the midst of %s leaves nothing half done', { timeout: 300_000 }, async (_name, words) => {
    const server = await serve(CONFIG);
    const dir = await tenantOf(server, 'acme', 1, 2, 3);
    mkdirSync(join(dir, 'many'));
    for (let n = 0; n < 400; n += 1) writeFileSync(join(dir, 'many', `${n}`), randomBytes(32 * 1024));
    const archive = await exportedBy(server, 'acme');
    const file = join(server.dir, 'killed.tar.zst');
    for (const ms of MOMENTS) {
      const asked = server.cli(...words.map((word) => ({ FILE: file, ARCHIVE: archive })[word] ?? word));
      await delay(ms);
      await server.stop('SIGKILL');
      const { status } = await asked;
      await expect.poll(() => helpersIn(server.dataDir)).toEqual([]);
      await server.start();
      expect(leftovers(server)).toEqual([]);
      expect(existsSync(`${file}.part`)).toBe(false);
      const isThere = (await server.api('/api/tenants/globex')).status === 200;
      await expect.poll(() => existsSync(join(server.dataDir, 'globex'))).toBe(isThere);
      if (isThere) expect(numbersIn(join(server.dataDir, 'globex'))).toEqual([1, 2, 3]);
      if (status === 0 && words[0] !== 'export') expect(isThere).toBe(true);
      expect((await server.get('acme.localhost')).status).toBe(200);
      expect((await server.api('/api/tenants/acme')).body).toContain('"operation":null');
      if (isThere) await server.cli('tenant', 'rm', 'globex', '--purge', '--yes');
    }
  });

  /** Programs that read or make a tenant's files. */
  function helpersIn(dataDir: string): number[] {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids
      .filter((pid) => readProc(`/proc/${pid}/cmdline`).includes(join(dataDir, '.tenement-copies')))
      .map(Number);
  }
});
