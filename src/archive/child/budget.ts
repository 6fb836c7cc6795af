/** How much of a stream is accepted. A stream says little about what it becomes: a few bytes may be a full disk. */

import { MAX_ENTRIES } from './protocol.ts';
import { Refusal } from './refusals.ts';

/** The least that something takes on usual file systems. */
const BLOCK_BYTES = 4096;
const MIB = 1024 ** 2;

export class Budget {
  private entries = 0;
  private blocks = 0;
  /** Contents of the last entry. */
  private bytes = 0;
  private readonly maxBytes: number | null;

  /** @param maxBytes limit of what is on the disk afterwards, about as du(1) counts it; null: none */
  constructor(maxBytes: number | null) {
    this.maxBytes = maxBytes;
  }

  /** Begins another entry, which takes a block. @throws {Refusal} */
  addEntry(): void {
    this.entries += 1;
    if (this.entries > MAX_ENTRIES) throw new Refusal(`it has more than ${MAX_ENTRIES} entries`);
    this.bytes = 0;
    this.addBlocks(1);
  }

  /** Adds contents to the entry, before they are written. @throws {Refusal} */
  addContents(bytes: number): void {
    const before = blocksOf(this.bytes);
    this.bytes += bytes;
    this.addBlocks(blocksOf(this.bytes) - before);
  }

  private addBlocks(blocks: number): void {
    this.blocks += blocks;
    if (this.maxBytes === null || this.blocks * BLOCK_BYTES <= this.maxBytes) return;
    throw new Refusal(`it would take more than the storage limit of ${Math.floor(this.maxBytes / MIB)} MB`);
  }
}

function blocksOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / BLOCK_BYTES));
}
