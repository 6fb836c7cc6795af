import { expect, test } from 'vitest';
import { plainHeadOf } from '../../src/archive/head.ts';
import { readPlain } from '../../src/archive/plain-head.ts';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test.each([1, 511, 512, 100_000])('a head is read back from pieces of %i bytes, with what follows it', async (size) => {
  for (const secrets of [null, '[{"name":"KEY"}]']) {
    const head = { manifest: `{"text":"${'ü'.repeat(600)}"}`, secrets };
    const bytes = Buffer.concat([await plainHeadOf(head), Buffer.alloc(512, 'd'), Buffer.from('the rest')]);
    const read = await readPlain(inPieces(bytes, size));
    expect(read.head).toEqual(head);
    expect(await textOf(read.stream)).toBe(`${'d'.repeat(512)}the rest`);
  }
});

test('what does not begin with a manifest, or is cut off, is refused', async () => {
  await expect(readPlain(inPieces(Buffer.alloc(2048), 512))).rejects.toMatchObject({ code: 'bad_archive' });
  const head = await plainHeadOf({ manifest: 'x'.repeat(2000), secrets: null });
  await expect(readPlain(inPieces(head.subarray(0, 1000), 512))).rejects.toThrow('it was cut off');
});
