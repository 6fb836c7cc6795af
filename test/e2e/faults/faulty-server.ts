/** A server that throws where it is told to, and the uses by which each of its callbacks is called. */
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { temporaryDirectory, writeConfig } from '../support.ts';
import { TestServer } from '../test-server.ts';

const PRELOAD = fileURLToPath(new URL('./inject.mjs', import.meta.url));

/** 'before': the callback is not called; 'after': it has been. */
export type Mode = 'before' | 'after';
export type Sites = Readonly<Record<string, { readonly calls: number; readonly thrown: number }>>;

export class FaultyServer extends TestServer {
  static async start(toml: string): Promise<FaultyServer> {
    const dir = temporaryDirectory();
    const config = join(dir, 'tenement.toml');
    writeConfig(config, toml);
    const server = new FaultyServer(dir, config, ['--log-level', 'error']);
    onTestFinished(() => server.dispose());
    server.env = { NODE_OPTIONS: `--import ${PRELOAD}`, FAULTS_SOCKET: server.faultsSocket };
    await server.start();
    return server;
  }

  private get faultsSocket(): string {
    return join(this.dir, 'faults.sock');
  }

  /** From now on these callbacks throw, once each; returns all that are known. */
  async arm(arm: Readonly<Record<string, Mode>>): Promise<Sites> {
    const socket = connect({ path: this.faultsSocket });
    socket.write(JSON.stringify({ arm }));
    return JSON.parse(await text(socket)).sites;
  }

  async faults(): Promise<number> {
    const { body } = await this.api('/metrics');
    return Number(/^tenement_uncaught_errors_total (\d+)/m.exec(body)?.[1]);
  }
}
