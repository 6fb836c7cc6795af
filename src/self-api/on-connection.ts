/** Loads the self API with the first connection to it. */
import type { Socket } from 'node:net';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { SelfApi, SelfApiOptions } from './server.ts';

/** Returns a function that serves connections of instances. */
export function serveSelfApi(options: SelfApiOptions): (instance: InstanceName, connection: Socket) => void {
  let loading: Promise<SelfApi> | null = null;
  return (instance, connection) => {
    // What goes wrong with a connection is its client's concern.
    connection.on('error', () => {});
    loading ??= import('./server.ts').then(({ createSelfApi }) => createSelfApi(options));
    loading.then(
      (api) => api.take(instance, connection),
      (error: unknown) => {
        options.logger.error({ instance, err: error }, 'the self API cannot be loaded');
        loading = null;
        connection.destroy();
      },
    );
  };
}
