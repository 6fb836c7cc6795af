import { randomBytes } from 'node:crypto';
import { Readable, type Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { FrameCompressor } from '../../../src/archive/child/frame-compressor.ts';

const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Half of it can be compressed. */
function text(bytes: number): Buffer {
  const random = randomBytes(Math.ceil(bytes / 3));
  return Buffer.concat([random, Buffer.from(random.toString('hex'))]).subarray(0, bytes);
}

function compressed(pieces: readonly Buffer[]): Promise<Buffer> {
  return buffer(Readable.from(pieces).pipe(new FrameCompressor() as Transform));
}

describe('a stream compressed as frames', () => {
  test.each([0, 1, 1024 * 1024, 7_000_000])('is one stream of %i bytes for who reads it', async (bytes) => {
    const whole = text(bytes);
    const pieces = Array.from({ length: Math.ceil(bytes / 65_536) }, (_, n) =>
      whole.subarray(n * 65_536, (n + 1) * 65_536),
    );
    const archive = await compressed(pieces);
    const read = archive.length === 0 ? archive : zstdDecompressSync(archive);
    expect(read.equals(whole)).toBe(true);
  });

  test('has a frame for each megabyte, in order, whatever is compressed first', async () => {
    const slow = text(1024 * 1024);
    const fast = Buffer.alloc(1024 * 1024, 'a');
    const archive = await compressed([slow, fast, slow]);
    expect(archive.subarray(0, 4).equals(MAGIC)).toBe(true);
    expect(zstdDecompressSync(archive).equals(Buffer.concat([slow, fast, slow]))).toBe(true);
    expect(archive.toString('latin1').split(MAGIC.toString('latin1')).length - 1).toBe(3);
  });

  test('takes no more than it gets rid of', async () => {
    const stream = new FrameCompressor();
    let accepted = 0;
    const piece = text(1024 * 1024);
    while (stream.write(piece) && accepted < 64) accepted += 1;
    expect(accepted).toBeLessThan(8);
    stream.destroy();
  });
});
