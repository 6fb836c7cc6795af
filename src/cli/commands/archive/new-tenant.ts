/** What commands that copy a tenant have in common. */
import type { CopiedTenantView, CopyNews } from '../../../api/client.ts';
import { TenementError } from '../../../errors.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { ProgressLine } from './progress-line.ts';

/** Shows progress, and returns the new tenant. */
export async function followCopy(news: AsyncIterable<CopyNews>, io: CliIo): Promise<CopiedTenantView> {
  const line = new ProgressLine(io);
  try {
    for await (const one of news) {
      if ('result' in one) return one.result;
      line.show(one.progress);
    }
  } finally {
    line.end();
  }
  throw new TenementError('server_unreachable', 'the server closed the connection before it was done');
}

export async function printCopy(
  view: CopiedTenantView,
  how: 'imported' | 'cloned',
  { json }: { readonly json?: boolean },
  io: CliIo,
): Promise<void> {
  if (json === true) return printJson(io, view);
  await print(io, `${view.id} ${how}, ${view.state}: ${view.instances.join(', ')}`);
  for (const note of view.notes) io.stderr.write(`note: ${terminalText(note)}\n`);
}
