/**
 * Opens a file that a client has opened. Its name would not do: the client may have another root, and another /tmp than a
 * service of systemd's with PrivateTmp. The control socket accepts only root and the server's own user, who may open it
 * themselves.
 */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import type { ClientFile } from '../core/archive/copies.ts';
import { TenementError } from '../errors.ts';

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;

/** @returns a descriptor @throws {TenementError} `output_unreachable` when it is not the empty file that the client means */
export function openClientFile(file: ClientFile): number {
  const path = `/proc/${file.pid}/fd/${file.descriptor}`;
  try {
    // Opening something else, such as a device, might have an effect.
    assertIs(statSync(path, { bigint: true }), file);
    return opened(path, file);
  } catch (error) {
    throw new TenementError('output_unreachable', `${path} cannot be written: ${(error as Error).message}`);
  }
}

function opened(path: string, file: ClientFile): number {
  const descriptor = openSync(path, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  try {
    assertIs(fstatSync(descriptor, { bigint: true }), file);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function assertIs(stat: BigIntStats, { device, inode }: ClientFile): void {
  if (!stat.isFile() || stat.size > 0n) throw new Error('it is not an empty file');
  if (`${stat.dev}` !== device || `${stat.ino}` !== inode) throw new Error('it is another file');
}
