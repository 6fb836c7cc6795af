/** Copies the directory of a tenant that is still with cp(1), which shares blocks where the file system can. */
import type { LeftOut } from '../core/archive/copies.ts';
import { TenementError } from '../errors.ts';
import type { HelperRequest, TenantHelpers } from '../process/launch/tenant-helper.ts';

export interface StillCopyOptions extends Pick<HelperRequest, 'tenantId' | 'isolation' | 'owner'> {
  readonly from: string;
  /** An empty directory. */
  readonly to: string;
  readonly run: TenantHelpers;
  readonly signal: AbortSignal;
}

const MAX_ERRORS_CHARACTERS = 2000;
/** A copy that lacks something for another reason has what can be read. */
const NO_SPACE = 'No space left';

/** Returns what the copy lacks. @throws {TenementError} `export_failed`, the signal's reason */
export async function copyStill({ from, to, run, signal, ...who }: StillCopyOptions): Promise<LeftOut[]> {
  signal.throwIfAborted();
  const words = ['cp', '--archive', '--reflink=auto', '--sparse=auto', '--no-target-directory', '--', from, to];
  const helper = run({ ...who, words, writable: [from, to], readable: [], stdin: 'ignore' });
  let errors = '';
  helper.process.stderr?.on('data', (chunk) => {
    errors = (errors + String(chunk)).slice(0, MAX_ERRORS_CHARACTERS);
  });
  helper.process.stdout?.resume();
  helper.messages.resume();
  const abort = () => helper.kill();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const { status } = await helper.ended;
    signal.throwIfAborted();
    if (status === null || errors.includes(NO_SPACE))
      throw new TenementError('export_failed', `${who.tenantId} could not be copied: ${firstLine(errors)}`);
    return status === 0 ? [] : remarksOf(errors, from);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function firstLine(errors: string): string {
  return errors.split('\n')[0] || 'the program that does it was ended';
}

/** cp(1) writes `cp: cannot open 'NAME' for reading: WHY`. */
function remarksOf(errors: string, from: string): LeftOut[] {
  const lines = errors.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [, path = '', why = line] = /'(.*)'[^:]*: (.*)$/.exec(line) ?? [];
    return { path: path.replace(`${from}/`, ''), why: `cannot be read: ${why}` };
  });
}
