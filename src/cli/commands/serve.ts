/** `tenement serve`: runs the server in the foreground. */
import type { Command } from 'commander';
import { configFile } from '../target.ts';
import { version } from '../version.ts';

interface ServeOptions {
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
    .option('--proxy <addr>', 'listen there instead of [proxy] listen')
    .option('--api <addr>', 'listen there instead of [api] listen')
    .option('--data-dir <dir>', 'instead of data_dir of [settings]')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .option('--welcome', 'then print what to try')
    .action(async (_options, command: Command) => serve(command.optsWithGlobals<ServeOptions>()));
}

async function serve(options: ServeOptions): Promise<void> {
  // Loaded here, so that `tenement help` does not load the parts of the server.
  const local = await import('../../local/serve.ts');
  await local.serve({ ...options, configFile: configFile(options), version });
}
