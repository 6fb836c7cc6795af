/** One tenant of an application, used by its visitor and its operator. */
import type { InstanceView } from '../../src/core/verbs/verbs.ts';
import { tenement } from '../e2e/command.ts';
import type { TestServer } from '../e2e/support.ts';
import { Visitor } from './visitor.ts';

export class Tenant extends Visitor {
  readonly id: string;
  /** `{service}:{id}` */
  readonly instance: string;
  readonly server: TestServer;

  /** Registers the tenant; the first request starts it. */
  static async register(server: TestServer, service: string, id: string, env: readonly string[]): Promise<Tenant> {
    const instance = `${service}:${id}`;
    const { status, stderr } = await server.cli(
      'spawn',
      instance,
      '--no-start',
      ...env.flatMap((pair) => ['--env', pair]),
    );
    if (status !== 0) throw new Error(stderr);
    const { url } = await server.instance(instance);
    return new Tenant(server, id, instance, new URL(url ?? '').hostname);
  }

  private constructor(server: TestServer, id: string, instance: string, host: string) {
    super(host, server.proxyPort);
    this.server = server;
    this.id = id;
    this.instance = instance;
  }

  view(): Promise<InstanceView> {
    return this.server.instance(this.instance);
  }

  /**
   * `tenement exec`.
   * @returns stdout
   * @throws {Error} with both outputs when it fails
   */
  async exec(...command: string[]): Promise<string> {
    const { configFile, dir } = this.server;
    const words = ['-c', configFile, 'exec', this.instance, '--', ...command];
    const { status, stdout, stderr } = await tenement(words, { XDG_RUNTIME_DIR: dir });
    if (status !== 0) throw new Error(`${command.join(' ')}: exit ${status}\n${stdout}\n${stderr}`);
    return stdout;
  }

  async sleep(): Promise<void> {
    const { status, stderr } = await this.server.cli('sleep', this.instance);
    if (status !== 0) throw new Error(stderr);
  }

  /** Returns the last lines of the tenant's log. */
  async output(): Promise<string> {
    return (await this.server.cli('logs', this.instance, '-n', '60')).stdout;
  }
}
