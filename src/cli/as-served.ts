/**
 * Replaces a config's directories by those of its running server, which may differ from the ones this process would
 * choose.
 */
import type { Config } from '../core/service/service.ts';
import { TenementError } from '../errors.ts';
import type { CliIo } from './output/io.ts';
import { configFile, type GlobalOptions, withClient } from './target.ts';

/** Returns the config with the directories of the server that runs it; without such a server, unchanged. */
export async function asServed(config: Config, options: GlobalOptions, io: CliIo): Promise<Config> {
  try {
    // The control socket is used whatever API is named.
    return await withClient({ config: configFile(options, io.env) }, io, async (client) =>
      withDirectoriesOf(await client.config(), config),
    );
  } catch (error) {
    if (error instanceof TenementError && error.code === 'server_unreachable') return config;
    throw error;
  }
}

/**
 * Takes the directories over. The server may have been given another `data_dir` by an option, and an unset
 * `runtime_dir` depends on its environment and on the machine's other servers.
 */
export function withDirectoriesOf(served: Config, config: Config): Config {
  const { dataDir, stateDir, runtimeDir, runtimeDirSource } = served.settings;
  const isSet = [runtimeDirSource, config.settings.runtimeDirSource].includes('config');
  const sockets = isSet ? {} : { runtimeDir, runtimeDirSource };
  return { ...config, settings: { ...config.settings, dataDir, stateDir, ...sockets } };
}
