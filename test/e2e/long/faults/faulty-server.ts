/** A server that throws in chosen callbacks, and the uses that call each callback. */
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { temporaryDirectory, writeConfig } from '../../support.ts';
import { TestServer } from '../../test-server.ts';

const PRELOAD = fileURLToPath(new URL('./inject.mjs', import.meta.url));

/** 'before': instead of the callback; 'after': once it has run. */
export type Mode = 'before' | 'after';
export type Sites = Readonly<Record<string, { readonly calls: number; readonly thrown: number }>>;

export class FaultyServer extends TestServer {
  static async start(toml: string): Promise<FaultyServer> {
    const dir = temporaryDirectory();
    const config = join(dir, 'tenement.toml');
    writeConfig(config, toml);
    const server = new FaultyServer(dir, config, ['--log-level', 'error']);
    onTestFinished(() => server.dispose());
    server.env = { NODE_OPTIONS: `--import ${PRELOAD}`, FAULTS_DIR: server.dir };
    await server.start();
    return server;
  }

  /** Makes these callbacks throw once each, in the server and in each worker; returns all known ones. */
  async arm(arm: Readonly<Record<string, Mode>>): Promise<Sites> {
    const all: Record<string, { calls: number; thrown: number }> = {};
    for (const name of readdirSync(this.dir).filter((one) => one.endsWith('.faults'))) {
      for (const [site, { calls, thrown }] of Object.entries(await tell(join(this.dir, name), arm))) {
        const sum = all[site] ?? { calls: 0, thrown: 0 };
        all[site] = { calls: sum.calls + calls, thrown: sum.thrown + thrown };
      }
    }
    return all;
  }

  async faults(): Promise<number> {
    const { body } = await this.api('/metrics');
    return Number(/^tenement_uncaught_errors_total (\d+)/m.exec(body)?.[1]);
  }
}

async function tell(path: string, arm: Readonly<Record<string, Mode>>): Promise<Sites> {
  const socket = connect({ path });
  socket.write(JSON.stringify({ arm }));
  return JSON.parse(await text(socket)).sites;
}
