import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadKeys } from '../../src/identity/load-keys.ts';

const KEY = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'a' };
const SET = JSON.stringify({ keys: [KEY, { kty: 'oct', k: 'AA' }] });

async function issuer(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
}

const load = (url: string, signal = new AbortController().signal) => loadKeys({ kind: 'url', url }, signal);
const fileWith = (text: string) => {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'keys');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

test('keys come from a URL, and the others are named', async () => {
  const url = await issuer((_request, response) => response.end(SET));
  expect(await load(url)).toMatchObject({
    publicKeys: [KEY],
    secrets: [],
    refused: [expect.stringMatching(/^key 2: a secret/)],
  });
});

test('keys come from a file', async () => {
  const path = fileWith(SET);
  expect(await loadKeys({ kind: 'file', path }, new AbortController().signal)).toMatchObject({ publicKeys: [KEY] });
});

test('secrets come from a file', async () => {
  const path = fileWith(`${'s'.repeat(32)}\n`);
  expect(await loadKeys({ kind: 'secret', path }, new AbortController().signal)).toMatchObject({
    publicKeys: [],
    secrets: ['s'.repeat(32)],
  });
});

test.each<[string, RequestListener, RegExp]>([
  ['another status', (_, response) => response.writeHead(503).end(), /^it answers 503$/],
  [
    'a redirect',
    (_, response) => response.writeHead(302, { location: 'http://10.0.0.1/' }).end(),
    /^it answers 302, to http:\/\/10\.0\.0\.1\/; write that URL in jwks$/,
  ],
  ['a page', (_, response) => response.end('<html>'), /^it is not a JSON Web Key Set/],
  [
    'no usable key',
    (_, response) => response.end('{"keys":[{"kty":"oct","k":"AA"}]}'),
    /^it has no usable key; key 1: a secret/,
  ],
  ['endless bytes', (_, response) => pour(response), /^it has more than 262144 bytes$/],
  ['a closed connection', ({ socket }) => socket.destroy(), /closed|hang up|reset/i],
])('an issuer that answers with %s is reported', async (_what, listener, message) => {
  await expect(load(await issuer(listener))).rejects.toThrow(message);
});

function pour(response: Parameters<RequestListener>[1]): void {
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(65_536)));
  };
  response.on('drain', more).on('error', () => {});
  more();
}

test('an issuer that nobody reaches is reported with the reason', async () => {
  await expect(load('http://127.0.0.1:1/keys')).rejects.toThrow(/bad port|ECONNREFUSED/);
});

test('a load ends when its signal aborts', async () => {
  const ending = new AbortController();
  const url = await issuer(() => ending.abort());
  await expect(load(url, ending.signal)).rejects.toThrow(/abort/i);
});
