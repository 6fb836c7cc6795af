/**
 * The map at the beginning of a file with holes, in GNU tar's format PAX 1.0: decimal numbers, each ended by a line feed,
 * filled up to a block. First how many parts have data, then for each part its offset and its size.
 */
import { EntryRefusal } from './refusals.ts';

export interface Part {
  readonly offset: number;
  readonly bytes: number;
}

const BLOCK_BYTES = 512;
const MAX_PARTS = 1_000_000;
const MAX_DIGITS = 16;
/** 16 TiB, the largest file of ext4. */
export const MAX_FILE_BYTES = 2 ** 44;

/** Reads a map that may arrive in pieces. */
export class SparseMap {
  /** The parts, once `isComplete`. */
  readonly parts: Part[] = [];
  isComplete = false;
  private count: number | null = null;
  private offset: number | null = null;
  private digits = '';
  private bytes = 0;
  private end = 0;
  private readonly realSize: number;

  /** @throws {EntryRefusal} */
  constructor(realSize: number) {
    if (!Number.isSafeInteger(realSize) || realSize < 0 || realSize > MAX_FILE_BYTES)
      throw new EntryRefusal('has an impossible size');
    this.realSize = realSize;
  }

  /** Returns how many bytes of the chunk belong to the map. @throws {EntryRefusal} */
  take(chunk: Uint8Array): number {
    let taken = 0;
    while (taken < chunk.length && !this.isComplete) {
      const byte = chunk[taken] ?? 0;
      taken += 1;
      this.bytes += 1;
      if (this.count !== null && this.parts.length === this.count) this.isComplete = this.bytes % BLOCK_BYTES === 0;
      else this.read(byte);
    }
    return taken;
  }

  private read(byte: number): void {
    if (byte >= 0x30 && byte <= 0x39 && this.digits.length < MAX_DIGITS) {
      this.digits += String.fromCharCode(byte);
      return;
    }
    if (byte !== 0x0a || this.digits === '') throw new EntryRefusal('has a damaged map of its holes');
    this.number(Number(this.digits));
    this.digits = '';
    if (this.count !== null && this.parts.length === this.count) this.isComplete = this.bytes % BLOCK_BYTES === 0;
  }

  private number(value: number): void {
    if (this.count === null) {
      if (value > MAX_PARTS) throw new EntryRefusal('has too many holes');
      this.count = value;
    } else if (this.offset === null) this.offset = value;
    else {
      if (this.offset < this.end || this.offset + value > this.realSize)
        throw new EntryRefusal('has a map of its holes that contradicts itself');
      this.parts.push({ offset: this.offset, bytes: value });
      this.end = this.offset + value;
      this.offset = null;
    }
  }
}
