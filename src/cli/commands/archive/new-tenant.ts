/** What commands that copy a tenant have in common. */
import type { CopiedTenantView } from '../../../api/client/client.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { terminalText } from '../../output/terminal-text.ts';

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
