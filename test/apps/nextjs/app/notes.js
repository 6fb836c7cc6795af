import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const file = () => join(process.env.DATA_DIR, 'notes.txt');

export async function notes() {
  const text = await readFile(file(), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}

export const add = (text) => appendFile(file(), `${text}\n`);
