/** Directories of a config as its running server has them, which may differ from those that this process would choose. */
import type { Config } from '../../core/service/service.ts';
import { TenementError } from '../../errors.ts';
import type { CliIo } from '../output/io.ts';
import { configFile, type GlobalOptions, withClient } from '../target.ts';

/** With the directories of the server that runs the config file; when none does, as it is. */
export async function asServed(config: Config, options: GlobalOptions, io: CliIo): Promise<Config> {
  try {
    // By its control socket, whatever API is named.
    return await withClient({ config: configFile(options, io.env) }, io, async (client) =>
      withDirectoriesOf(await client.config(), config),
    );
  } catch (error) {
    if (error instanceof TenementError && error.code === 'server_unreachable') return config;
    throw error;
  }
}

/**
 * The server may have been given another `data_dir` by an option. A `runtime_dir` that nobody set depends on its
 * environment, and on the other servers of the machine.
 */
export function withDirectoriesOf(served: Config, config: Config): Config {
  const { dataDir, stateDir, runtimeDir, runtimeDirSource } = served.settings;
  const isSet = [runtimeDirSource, config.settings.runtimeDirSource].includes('config');
  const sockets = isSet ? {} : { runtimeDir, runtimeDirSource };
  return { ...config, settings: { ...config.settings, dataDir, stateDir, ...sockets } };
}
