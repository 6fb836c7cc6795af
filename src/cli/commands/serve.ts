/** `tenement serve`: runs the server in the foreground. */
import type { Command } from 'commander';
import { version } from '../../version.ts';
import { configFile } from '../target.ts';

interface ServeCommandOptions {
  readonly config?: string;
  readonly proxy?: string;
  readonly api?: string;
  readonly dataDir?: string;
  readonly logLevel: string;
  readonly welcome?: boolean;
}

export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('run the server in the foreground')
    .option('--proxy <addr>', 'where the proxy listens, instead of [proxy] listen')
    .option('--api <addr>', 'where the API listens, instead of [api] listen')
    .option('--data-dir <dir>', 'the data directory, instead of [settings] data_dir')
    .option('--log-level <level>', 'what to log: debug, info, warn or error', 'info')
    .option('--welcome', 'print what to try when the server is ready')
    .action(async (_options, command: Command) => serve(command.optsWithGlobals<ServeCommandOptions>()));
}

async function serve(options: ServeCommandOptions): Promise<void> {
  // Loaded here, so that `tenement help` does not load the parts of the server.
  const local = await import('../../local/serve.ts');
  await local.serve({ ...options, configFile: configFile(options), version });
}
