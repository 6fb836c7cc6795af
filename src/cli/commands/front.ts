/** `tenement front`: prints a configuration for a front server that connects straight to the sockets. */
import type { Command } from 'commander';
import { groupId } from '../../config/group.ts';
import { loadConfig } from '../../config/load.ts';
import { caddyConfig } from '../../front/caddy.ts';
import { nginxConfig } from '../../front/nginx.ts';
import { asServed } from '../as-served.ts';
import { type CliIo, print } from '../output/io.ts';
import { configFile, type GlobalOptions } from '../target.ts';

/** Users of Debian, of nginx's own packages, and of Arch. Each has a group of the same name. */
const WORKER_USERS = ['www-data', 'nginx', 'http'];

export function frontCommand(program: Command, io: CliIo): void {
  const front = program
    .command('front')
    .description('print a configuration for nginx or Caddy in front of the sockets');
  front
    .command('nginx')
    .description('print a configuration for nginx')
    .option('--listen <address>', 'where nginx listens, as in its listen directive', '80')
    .option('--include', 'print only the content of http { }, for a file in conf.d')
    .action((_options, command: Command) => nginx(command.optsWithGlobals<NginxCommandOptions>(), io));
  front
    .command('caddy')
    .description('print a Caddyfile')
    .option('--site <address>', 'the site address, for example http://:8080 (default: derived from the domains)')
    .action((_options, command: Command) => caddy(command.optsWithGlobals<CaddyCommandOptions>(), io));
}

type NginxCommandOptions = GlobalOptions & { listen: string; include?: boolean };
type CaddyCommandOptions = GlobalOptions & { site?: string };

async function nginx(options: NginxCommandOptions, io: CliIo): Promise<void> {
  const config = await asServed(loadConfig(configFile(options, io.env)), options, io);
  const user = WORKER_USERS.find((name) => groupId(name) !== null) ?? null;
  const text = nginxConfig(config, { listen: options.listen, include: options.include === true, user });
  await print(io, text.trimEnd());
}

async function caddy(options: CaddyCommandOptions, io: CliIo): Promise<void> {
  const config = await asServed(loadConfig(configFile(options, io.env)), options, io);
  await print(io, caddyConfig(config, { site: options.site ?? null }).trimEnd());
}
