/** Chooses the server that a command talks to: options precede the environment, and `--api` precedes `--config`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ApiClient, ApiTarget } from '../api/client/client.ts';
import { TenementError } from '../errors.ts';
import type { CliIo } from './output/io.ts';

/** Options of every command. */
export interface GlobalOptions {
  readonly config?: string;
  readonly api?: string;
  readonly token?: string;
}

const DEFAULT_FILE = 'tenement.toml';

/** Returns the config file's absolute path: -c, else TENEMENT_CONFIG, else ./tenement.toml. It may not exist. */
export function configFile(options: Pick<GlobalOptions, 'config'>, env: NodeJS.ProcessEnv = process.env): string {
  return resolve(options.config ?? (env['TENEMENT_CONFIG'] || DEFAULT_FILE));
}

/** Whether commands go to the server of a config file, rather than to an address. */
export function isLocal(options: GlobalOptions, env: NodeJS.ProcessEnv): boolean {
  return !apiUrl(options, env);
}

function apiUrl(options: GlobalOptions, env: NodeJS.ProcessEnv): string | undefined {
  return options.api ?? (options.config === undefined ? env['TENEMENT_API'] : undefined);
}

/** @throws {TenementError} `config_not_found`, `bad_config` */
async function resolveTarget(options: GlobalOptions, env: NodeJS.ProcessEnv): Promise<ApiTarget> {
  const url = apiUrl(options, env);
  if (url) return { url, token: options.token ?? env['TENEMENT_TOKEN'] ?? null };
  const file = configFile(options, env);
  if (!existsSync(file)) {
    throw new TenementError('config_not_found', `there is no config at ${file}`, {
      hint: 'Name the file with -c FILE or TENEMENT_CONFIG, or the server with --api URL or TENEMENT_API.',
    });
  }
  const { findControlSocket } = await import('../config/control-socket.ts');
  return { socketPath: await findControlSocket(file, env) };
}

function withTokenHint(error: unknown, { token }: GlobalOptions, env: NodeJS.ProcessEnv): unknown {
  if (!(error instanceof TenementError) || error.code !== 'unauthorized') return error;
  const given = token ?? env['TENEMENT_TOKEN'];
  // What the server says of a token that it knows, or can tell is mistyped, is better than a guess.
  if (given && !error.message.endsWith('is not valid')) return error;
  const what = given ? 'that server does not know the token' : 'no token was given';
  return new TenementError('unauthorized', `${error.message}: ${what}`, {
    hint: 'Give one with --token or TENEMENT_TOKEN; the first is in {data_dir}/.tenement/admin.token of the server.',
  });
}

/** Runs `use` with a client of the server that the options name, and closes it. */
export async function withClient<Result>(
  options: GlobalOptions,
  io: CliIo,
  use: (client: ApiClient) => Promise<Result>,
): Promise<Result> {
  // Loaded here, so that the server, which needs no client, does not keep an HTTP client of 10 MB in memory.
  const { createClient } = await import('../api/client/client.ts');
  const client = createClient(await resolveTarget(options, io.env));
  try {
    return await use(client);
  } catch (error) {
    throw withTokenHint(error, options, io.env);
  } finally {
    await client.close();
  }
}
