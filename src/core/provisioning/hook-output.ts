/** Reads what hooks print on standard output. A message never contains a part of a line, which may be a value. Pure. */
import { secretNameProblem, secretValueProblem } from '../secrets/secret-rules.ts';
import { METERS } from '../usage/meters.ts';

const MAX_VALUES = 64;
export const MAX_HOOK_METERS = 16;
const METER_NAME = /^[a-z][A-Za-z0-9_]{0,63}$/;
const NUMBER = /^\d{1,15}(\.\d{1,9})?$/;

export type HookOutput<Value> =
  | { readonly ok: true; readonly values: ReadonlyMap<string, Value> }
  /** One sentence for a person. */
  | { readonly ok: false; readonly problem: string };

/** Reads `NAME=VALUE` lines. */
export function readSecrets(output: Uint8Array): HookOutput<string> {
  return read(output, MAX_VALUES, (name, value) => {
    const problem = secretNameProblem(name) ?? secretValueProblem(value);
    return problem === null ? { value } : { problem };
  });
}

/** Reads `NAME=NUMBER` lines. */
export function readMeters(output: Uint8Array): HookOutput<number> {
  return read(output, MAX_HOOK_METERS, (name, text) => {
    if (!METER_NAME.test(name))
      return { problem: 'the name of a meter is a small letter and up to 63 more letters, digits and _' };
    if (Object.hasOwn(METERS, name)) return { problem: `${name} is a meter of tenement's own` };
    return NUMBER.test(text) ? { value: Number(text) } : { problem: `${name} is not a number of 0 or more` };
  });
}

type Checked<Value> = { readonly value: Value } | { readonly problem: string };

function read<Value>(
  output: Uint8Array,
  most: number,
  check: (name: string, text: string) => Checked<Value>,
): HookOutput<Value> {
  const text = decoded(output);
  if (text === null) return { ok: false, problem: 'it printed something that is not UTF-8' };
  if (text.includes('\0')) return { ok: false, problem: 'it printed a NUL byte' };
  const values = new Map<string, Value>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const wrong = (problem: string) => ({ ok: false as const, problem: `line ${index + 1} of its output: ${problem}` });
    const split = line.indexOf('=');
    if (split === -1) return wrong('expected NAME=VALUE');
    const name = line.slice(0, split);
    const checked = check(name, line.slice(split + 1));
    if ('problem' in checked) return wrong(checked.problem);
    if (values.has(name)) return wrong(`${name} is given twice`);
    if (values.size === most) return wrong(`more than ${most} names`);
    values.set(name, checked.value);
  }
  return { ok: true, values };
}

function decoded(output: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(output);
  } catch {
    return null;
  }
}
