/** The text of a first tenement.toml. Pure. */
import { KEPT_LINES } from '../../core/service/unit-files.ts';
import type { Application } from './application.ts';

export interface ConfigTextOptions {
  /** The service's name, a label. */
  readonly service: string;
  /** Whether this host has the units of `tenement install`. */
  readonly hasUnits: boolean;
  /** Absolute directory of the application; null: that of the config. */
  readonly workdir: string | null;
}

/** A whole config. */
export function configText(application: Application, { service, hasUnits, workdir }: ConfigTextOptions): string {
  const head = headOf(application);
  const user = '# isolation = "namespace"   # hides everything of the host and of other customers; needs bubblewrap';
  return `${head}
${serviceText(application, { service, workdir, user })}
# [instances]
# ${service} = ["acme"]           # customers that are registered and started with the server

# [proxy]
# listen = "0.0.0.0:80"
# domain = "example.com"    # acme.example.com leads to the copy of acme; without it, acme.localhost

[settings]
# ${hasUnits ? 'These' : '`tenement install` turns these on, which'} let customers' processes run on while the server restarts (docs/systemd.md).
${KEPT_LINES.map((line) => `${hasUnits ? '' : '# '}${line}\n`).join('')}`;
}

/** The service alone, for the config of a server that runs as root. */
export function serviceTables(
  application: Application,
  options: Pick<ConfigTextOptions, 'service' | 'workdir'>,
): string {
  const user =
    'user = "dynamic"            # each customer\'s process has a user id of its own; stricter: isolation = "namespace"';
  return `${headOf(application)}${serviceText(application, { ...options, user })}`;
}

function headOf({ kind, before }: Application): string {
  return `# One copy of this application for each customer. It was found to be: ${kind}.
# All keys: \`tenement.toml\`(5), docs/config.md. Check changes with \`tenement check\`.
${before === undefined ? '' : `# ${before}\n`}`;
}

interface ServiceOptions extends Pick<ConfigTextOptions, 'service' | 'workdir'> {
  /** The line that separates customers from each other. */
  readonly user: string;
}

function serviceText(application: Application, { service, workdir, user }: ServiceOptions): string {
  const { command, listen, env = {}, health } = application;
  const variables = Object.entries(env).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return `[service.${service}]
command = ${commandText(command)}   # no shell runs it, and a copy may use {id}, {tenant_dir}, ${listen === 'port' ? '{port}' : '{socket}'}
${workdir === null ? '' : `workdir = ${JSON.stringify(workdir)}\n`}${listen === 'port' ? PORT_LINE : SOCKET_LINE}
${health === undefined ? '# health = "/health"        # a path that answers 2xx when the application is well' : `health = ${JSON.stringify(health)}`}
idle_timeout = "5m"         # without requests for this long it sleeps, and the next request wakes it
# memory_limit_mb = 256     # more than this ends it
${user}

[service.${service}.env]
${variables.map((line) => `${line}\n`).join('')}# DATABASE_PATH = "{tenant_dir}/app.db"   # each customer's data lie in a directory of its own, $DATA_DIR
`;
}

const PORT_LINE = 'listen = "port"             # it listens on 127.0.0.1:$PORT';
const SOCKET_LINE =
  '# listen = "port"           # for an application that listens on 127.0.0.1:$PORT rather than on $SOCKET_PATH';

function commandText(command: Application['command']): string {
  if (typeof command === 'string') return JSON.stringify(command);
  return `[${command.map((word) => JSON.stringify(word)).join(', ')}]`;
}
