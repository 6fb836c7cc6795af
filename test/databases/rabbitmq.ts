/** A RabbitMQ server for one test, with its management API, on ports of 127.0.0.1. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../ports.ts';
import { Daemon, listens } from './daemon.ts';

/** Debian's own command changes to another user and fixed directories before it runs this one. */
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';

interface Ports {
  readonly amqp: number;
  readonly api: number;
  readonly names: number;
  readonly peers: number;
}

export class RabbitMq {
  private readonly dir: string;
  private readonly ports: Ports;
  private readonly daemons: readonly Daemon[];

  private constructor(dir: string, ports: Ports, daemons: readonly Daemon[]) {
    this.dir = dir;
    this.ports = ports;
    this.daemons = daemons;
  }

  static async start(): Promise<RabbitMq> {
    const dir = mkdtempSync(join(tmpdir(), 'rabbitmq-'));
    const [amqp, api, names, peers] = [await freePort(), await freePort(), await freePort(), await freePort()];
    writeFileSync(join(dir, 'plugins'), '[rabbitmq_management].\n');
    const lines = [
      `listeners.tcp.1 = 127.0.0.1:${amqp}`,
      'management.tcp.ip = 127.0.0.1',
      `management.tcp.port = ${api}`,
      'default_user = admin',
      'default_pass = of-the-admin',
    ];
    writeFileSync(join(dir, 'rabbitmq.conf'), `${lines.join('\n')}\n`);
    const ports = { amqp, api, names, peers };
    // It would start the daemon of names by itself, and leave it running.
    const epmd = await Daemon.start(['epmd', '-port', String(names), '-address', '127.0.0.1'], {
      cwd: dir,
      isReady: () => listens(names),
    });
    const server = new RabbitMq(dir, ports, [epmd]);
    try {
      return new RabbitMq(dir, ports, [await startBroker(dir, ports), epmd]);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get adminEnv(): Record<string, string> {
    return {
      RABBITMQ_API: `http://127.0.0.1:${this.ports.api}`,
      RABBITMQ_USER: 'admin',
      RABBITMQ_PASSWORD: 'of-the-admin',
      RABBITMQ_TENANT_HOST: `127.0.0.1:${this.ports.amqp}`,
    };
  }

  /** Asks the management API; as the administrator unless a URL of a user is given. */
  async get(path: string, url = 'amqp://admin:of-the-admin@host'): Promise<Response> {
    const { username, password } = new URL(url);
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    return fetch(`http://127.0.0.1:${this.ports.api}/api/${path}`, { headers: { authorization } });
  }

  /** Adds the administrator with whom the server begins where nothing is configured. */
  async addGuest(): Promise<void> {
    await this.put('users/guest', { password: 'guest', tags: 'administrator' });
  }

  /** Gives a user a tag. */
  async tag(user: string, tag: string, password: string): Promise<void> {
    await this.put(`users/${user}`, { password, tags: tag });
  }

  private async put(path: string, body: object): Promise<void> {
    const authorization = `Basic ${Buffer.from('admin:of-the-admin').toString('base64')}`;
    const init = { method: 'PUT', headers: { authorization }, body: JSON.stringify(body) };
    const { status } = await fetch(`http://127.0.0.1:${this.ports.api}/api/${path}`, init);
    if (status >= 300) throw new Error(`PUT ${path}: ${status}`);
  }

  async stop(): Promise<void> {
    for (const daemon of this.daemons) await daemon.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function startBroker(dir: string, ports: Ports): Promise<Daemon> {
  const env = {
    HOME: dir,
    ERL_EPMD_PORT: String(ports.names),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'test@localhost',
    RABBITMQ_DIST_PORT: String(ports.peers),
    RABBITMQ_MNESIA_BASE: join(dir, 'db'),
    RABBITMQ_LOG_BASE: join(dir, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
  };
  const isReady = async () => (await listens(ports.amqp)) && (await listens(ports.api));
  return Daemon.start([SERVER], { cwd: dir, env, isReady });
}
