import { mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { TlsTable } from '../../src/core/tls/tls-table.ts';
import { OwnCertificates } from '../../src/tls/own-certificates.ts';
import { makeCertificate, type TestCertificate } from '../certificates.ts';

const LOOK_MS = 1000;
let first: TestCertificate;
let second: TestCertificate;
let dir: string;
let table: TlsTable;
let own: OwnCertificates;
const onReplaced = vi.fn();
const onKept = vi.fn();

beforeAll(() => {
  first = makeCertificate('first.example.com', '*.example.com');
  second = makeCertificate('second.example.com', '*.example.com');
});

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tnm-own-'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onReplaced.mockReset();
  onKept.mockReset();
  table = new TlsTable();
  own = new OwnCertificates({ table, onReplaced, onKept, lookMs: LOOK_MS });
  onTestFinished(() => {
    own.close();
    vi.useRealTimers();
    rmSync(dir, { recursive: true, force: true });
  });
});

const files = () => ({ cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') });

function write({ cert, key }: TestCertificate): void {
  writeFileSync(files().cert, cert);
  writeFileSync(files().key, key, { mode: 0o600 });
}

/** Settles when the files have been looked at so many times. */
async function looks(times: number): Promise<void> {
  for (let look = 0; look < times; look += 1) {
    await vi.advanceTimersByTimeAsync(LOOK_MS);
    // A look ends when it has set the next timer.
    while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

const used = () => table.certificates.find('any.example.com')?.chain;

it('uses another certificate once its files have stayed the same for one look', async () => {
  write(first);
  await own.apply([files()]);
  expect(used()).toBe(first.cert);
  write(second);
  await looks(1);
  expect(used()).toBe(first.cert);
  await looks(1);
  expect(used()).toBe(second.cert);
  expect(onReplaced).toHaveBeenCalledTimes(2);
  expect(table.certificates.find('first.example.com')?.chain).toBe(second.cert);
});

it('keeps the previous certificate while only one of the two files was replaced, and says so once', async () => {
  write(first);
  await own.apply([files()]);
  writeFileSync(files().cert, second.cert);
  await looks(5);
  expect(used()).toBe(first.cert);
  expect(onKept).toHaveBeenCalledTimes(1);
  expect(onKept).toHaveBeenCalledWith(files().key, expect.stringContaining('the key of another certificate'));
  writeFileSync(files().key, second.key);
  await looks(2);
  expect(used()).toBe(second.cert);
});

it('keeps the previous certificate when its files are gone', async () => {
  write(first);
  await own.apply([files()]);
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
  await looks(3);
  expect(used()).toBe(first.cert);
  expect(onKept).toHaveBeenCalledWith(files().cert, 'there is no such file');
});

it('follows a symbolic link that is swapped, as certbot swaps its own', async () => {
  const names = { cert: join(dir, 'live.pem'), key: join(dir, 'live.key') };
  const link = (to: TestCertificate, number: number) => {
    for (const part of ['cert', 'key'] as const) {
      writeFileSync(join(dir, `${part}${number}`), to[part], { mode: 0o600 });
      symlinkSync(`${part}${number}`, `${names[part]}.new`);
      renameSync(`${names[part]}.new`, names[part]);
    }
  };
  link(first, 1);
  await own.apply([names]);
  link(second, 2);
  await looks(2);
  expect(used()).toBe(second.cert);
});

it('reads again at once what is applied again, and takes away what is not named any more', async () => {
  write(first);
  await own.apply([files()]);
  write(second);
  await own.apply([files()]);
  expect(used()).toBe(second.cert);
  await own.apply([]);
  expect(used()).toBeUndefined();
  expect(own.list()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

it('tells nothing of a certificate whose files were only touched', async () => {
  write(first);
  await own.apply([files()]);
  write(first);
  await looks(2);
  expect(onReplaced).toHaveBeenCalledTimes(1);
});
