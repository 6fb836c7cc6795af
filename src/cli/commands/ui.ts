/** `tenement ui`: prints a link to the dashboard that logs in. */
import type { Command } from 'commander';
import type { LoginLink } from '../../api/client/client.ts';
import { TenementError } from '../../errors.ts';
import { type CliIo, print, printJson } from '../output/io.ts';
import { type GlobalOptions, withClient } from '../target.ts';

interface UiOptions extends GlobalOptions {
  readonly open?: boolean;
  readonly url?: string;
  readonly json?: boolean;
}

export function uiCommand(program: Command, io: CliIo): void {
  program
    .command('ui')
    .description('print a link to the dashboard that logs in, once and within a minute')
    .option('--open', 'open it in the browser')
    .option('--url <url>', 'where the browser reaches the API, if a front server stands before it')
    .option('--json', 'print the link as JSON')
    .action((_options, command: Command) => ui(command.optsWithGlobals<UiOptions>(), io));
}

async function ui(options: UiOptions, io: CliIo): Promise<void> {
  const { address, link } = await withClient(options, io, async (client) => ({
    address: client.address,
    link: await client.makeLoginLink(),
  }));
  const url = linkTo(pageOf(options.url, address, link), link.code);
  if (options.open === true) {
    const { openInBrowser } = await import('../../local/open-browser.ts');
    await openInBrowser(url, io.env);
  }
  if (options.json === true) return printJson(io, { url, expiresAt: link.expiresAt });
  // Only the link goes to stdout, so that a script can use it directly.
  if (link.expiresAt !== null) io.stderr.write('This link logs in once, within a minute:\n');
  await print(io, url);
}

/** The address that the caller uses is known to work; over the control socket the server says its own. */
function pageOf(asked: string | undefined, address: string, { url }: LoginLink): string {
  const page = asked ?? (address.includes('://') ? address : url);
  if (page === null) throw new TenementError('server_unreachable', 'the server does not listen for the API yet');
  if (URL.canParse(page) && /^https?:$/.test(new URL(page).protocol)) return page;
  throw new TenementError('bad_input', `${JSON.stringify(page.slice(0, 200))} is no address of a page`, {
    hint: 'Write it like https://ops.example.com/.',
  });
}

function linkTo(page: string, code: string | null): string {
  const url = new URL(page);
  url.search = url.hash = '';
  if (code === null) return url.href;
  url.pathname = '/login';
  url.searchParams.set('code', code);
  return url.href;
}
