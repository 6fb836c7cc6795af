import { spawn } from 'node:child_process';
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { Fifos, type NewOutput } from '../../../src/process/launch/fifos.ts';
import { makeDir } from '../support.ts';

const NAME = 'api:acme';

async function makeFifos() {
  const dir = join(makeDir(), 'output');
  const fifos = new Fifos(dir);
  onTestFinished(() => fifos.close());
  await fifos.prepare();
  return { fifos, dir };
}

/** A shell that prints to the FIFOs, and runs each line of its input. */
function shell({ childFds: [out, err], closeChildFds }: NewOutput) {
  const child = spawn('/bin/sh', { stdio: ['pipe', out, err] });
  onTestFinished(() => void child.kill('SIGKILL'));
  closeChildFds();
  const run = (command: string) => child.stdin?.write(`${command}\n`);
  return { run, end: () => child.stdin?.end() };
}

async function until(stream: Readable, wanted: string): Promise<void> {
  let seen = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    seen += chunk;
    if (seen.includes(wanted)) return;
  }
}

test("FIFOs carry a child's output, and end with the child", async () => {
  const { fifos } = await makeFifos();
  const fresh = await fifos.create();
  const output = fresh.assign(NAME);
  const { run, end } = shell(fresh);
  run('echo hello; echo oops >&2');
  end();
  expect(await text(output.stdout)).toBe('hello\n');
  expect(await text(output.stderr)).toBe('oops\n');
});

test('FIFOs let a child print while nobody reads, and the next reader gets all of it', async () => {
  const { fifos } = await makeFifos();
  const fresh = await fifos.create();
  const output = fresh.assign(NAME);
  const { run, end } = shell(fresh);
  run('echo first');
  await until(output.stdout, 'first');
  output.stdout.destroy();
  output.stderr.destroy();
  // A broken pipe would have ended the shell at this point.
  run('echo second; echo oops >&2; echo third');
  end();
  const again = fifos.reopen(NAME);
  expect(await text(again.stdout)).toBe('second\nthird\n');
  expect(await text(again.stderr)).toBe('oops\n');
});

test('FIFOs are private, new for each child, and gone after their removal', async () => {
  const { fifos, dir } = await makeFifos();
  const first = await fifos.create();
  first.assign(NAME);
  first.closeChildFds();
  const path = join(dir, 'api-acme.out');
  expect(lstatSync(path).isFIFO()).toBe(true);
  expect(lstatSync(path).mode & 0o777).toBe(0o600);
  const { ino } = lstatSync(path);
  const second = await fifos.create();
  second.assign(NAME);
  second.closeChildFds();
  expect(lstatSync(path).ino).not.toBe(ino);
  fifos.remove(NAME);
  expect(existsSync(path)).toBe(false);
});

test('many children at once each get FIFOs of their own', async () => {
  const { fifos } = await makeFifos();
  const names = Array.from({ length: 60 }, (_, index) => `api:t${index}` as const);
  const outputs = await Promise.all(names.map(() => fifos.create()));
  names.forEach((name, index) => {
    const ends = outputs[index]?.assign(name);
    outputs[index]?.closeChildFds();
    ends?.stdout.destroy();
    ends?.stderr.destroy();
  });
  expect(new Set(outputs.flatMap(({ childFds }) => childFds)).size).toBe(120);
});

test("closing leaves no spare FIFO, not even an earlier server's", async () => {
  const { fifos, dir } = await makeFifos();
  expect(readdirSync(dir)).not.toEqual([]);
  const next = new Fifos(dir);
  await next.prepare();
  await next.close();
  expect(readdirSync(dir)).toEqual([]);
  await fifos.close();
});

test('missing FIFOs give an output that has ended', async () => {
  const { fifos } = await makeFifos();
  expect(await text(fifos.reopen(NAME).stdout)).toBe('');
});
