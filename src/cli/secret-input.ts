/** Reads a secret: from a pipe or a file, or typed at a terminal without being shown. */
import type { ReadStream } from 'node:tty';
import { MAX_SECRET_BYTES } from '../core/secrets/secret-rules.ts';
import { TenementError } from '../errors.ts';

/** A newline may follow the longest value. */
const MAX_INPUT_BYTES = MAX_SECRET_BYTES + 2;
const ENTER = /[\r\n]/;
const CTRL_C = '\x03';
const CTRL_D = '\x04';
const CTRL_U = '\x15';
const BACKSPACE = ['\x7f', '\b'];

/** @throws {TenementError} `bad_input`: it is too long, or no text; `usage`: nothing was entered */
export async function readSecret(question: string): Promise<string> {
  const { stdin, stderr } = process;
  if (stdin.isTTY !== true) return readAll(stdin);
  stderr.write(question);
  try {
    return await typedAt(stdin);
  } finally {
    stderr.write('\n');
  }
}

async function readAll(input: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_INPUT_BYTES)
      throw new TenementError('bad_input', `the value has more than ${MAX_SECRET_BYTES} bytes`, {
        hint: 'Keep it in a file of the tenant, and only its key here.',
      });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new TenementError('bad_input', 'the value is not UTF-8 text', {
      hint: 'Encode it: `base64 FILE | tenement secret set ID NAME`.',
    });
  }
}

/** In raw mode the terminal shows nothing, and passes every key on. */
function typedAt(terminal: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (settle: () => void) => {
      terminal.off('data', take);
      terminal.setRawMode(false);
      terminal.pause();
      settle();
    };
    const take = (keys: string) => {
      for (const key of keys) {
        if (ENTER.test(key) || key === CTRL_D) return end(() => resolve(typed));
        if (key === CTRL_C) return end(() => reject(new TenementError('usage', 'nothing was entered')));
        typed = edited(typed, key);
      }
    };
    terminal.setEncoding('utf8');
    terminal.setRawMode(true);
    terminal.on('data', take);
    terminal.resume();
  });
}

function edited(typed: string, key: string): string {
  if (key === CTRL_U) return '';
  return BACKSPACE.includes(key) ? [...typed].slice(0, -1).join('') : typed + key;
}
