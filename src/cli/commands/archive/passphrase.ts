/** The passphrase of an archive, which is never an argument. */
import { readFile } from 'node:fs/promises';
import { TenementError } from '../../../errors.ts';

/** Returns the file's contents without the line end; undefined without a file. @throws {TenementError} `usage` */
export async function readPassphrase(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new TenementError('usage', `--passphrase-file cannot be read: ${error.message}`);
  });
  const passphrase = text.replace(/\r?\n$/, '');
  if (passphrase !== '') return passphrase;
  throw new TenementError('usage', `the passphrase in ${file} is empty`);
}
