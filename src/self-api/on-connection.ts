/** Loads the self API with the first connection to it. */
import type { Socket } from 'node:net';
import { lazy } from '../core/lazy.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { SelfApiOptions } from './server.ts';

/** Returns a function that serves connections of instances. */
export function serveSelfApi(options: SelfApiOptions): (instance: InstanceName, connection: Socket) => void {
  const load = lazy(async () => (await import('./server.ts')).createSelfApi(options));
  return (instance, connection) => {
    // What goes wrong with a connection is its client's concern.
    connection.on('error', () => {});
    load().then(
      (api) => api.take(instance, connection),
      (error: unknown) => {
        options.logger.error({ instance, err: error }, 'the self API cannot be loaded');
        connection.destroy();
      },
    );
  };
}
