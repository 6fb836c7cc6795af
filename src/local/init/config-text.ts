/** The text of a first tenement.toml. Pure. */
import { KEPT_LINES } from '../../core/service/unit-files.ts';
import type { Application } from './application.ts';

export interface ConfigTextOptions {
  /** The service's name, a label. */
  readonly service: string;
  /** Whether this host has the units of `tenement install`. */
  readonly hasUnits: boolean;
}

export function configText(application: Application, { service, hasUnits }: ConfigTextOptions): string {
  const { kind, command, listen, env = {}, health, before } = application;
  const variables = Object.entries(env).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return `# One copy of this application for each customer. It was found to be: ${kind}.
# All keys: \`tenement.toml\`(5), docs/config.md. Check changes with \`tenement check\`.
${before === undefined ? '' : `# ${before}\n`}
[service.${service}]
command = ${commandText(command)}   # no shell runs it, and a copy may use {id}, {tenant_dir}, ${listen === 'port' ? '{port}' : '{socket}'}
${listen === 'port' ? PORT_LINE : SOCKET_LINE}
${health === undefined ? '# health = "/health"        # a path that answers 2xx when the application is well' : `health = ${JSON.stringify(health)}`}
idle_timeout = "5m"         # without requests for this long it sleeps, and the next request wakes it
# memory_limit_mb = 256     # more than this ends it
# isolation = "namespace"   # hides everything of the host and of other customers; needs bubblewrap

[service.${service}.env]
${variables.map((line) => `${line}\n`).join('')}# DATABASE_PATH = "{tenant_dir}/app.db"   # each customer's data lie in a directory of its own, $DATA_DIR

# [instances]
# ${service} = ["acme"]           # customers that are registered and started with the server

# [proxy]
# listen = "0.0.0.0:80"
# domain = "example.com"    # acme.example.com leads to the copy of acme; without it, acme.localhost

[settings]
# ${hasUnits ? 'These' : '`tenement install` turns these on, which'} let customers' processes run on while the server restarts (docs/systemd.md).
${KEPT_LINES.map((line) => `${hasUnits ? '' : '# '}${line}\n`).join('')}`;
}

const PORT_LINE = 'listen = "port"             # it listens on 127.0.0.1:$PORT';
const SOCKET_LINE =
  '# listen = "port"           # for an application that listens on 127.0.0.1:$PORT rather than on $SOCKET_PATH';

function commandText(command: Application['command']): string {
  if (typeof command === 'string') return JSON.stringify(command);
  return `[${command.map((word) => JSON.stringify(word)).join(', ')}]`;
}
