/** Passes requests of the development server on to a server's API. */
import type { ProxyOptions } from 'vite';

const PATHS = ['/api', '/health', '/openapi.json'];

/**
 * @param api address of the API, such as http://127.0.0.1:8000
 * @param token a token for it; without one, the session's cookie is passed on
 */
export function toServer(api: string, token: string | undefined): Record<string, ProxyOptions> {
  const options: ProxyOptions = {
    target: api,
    changeOrigin: true,
    configure: (proxy) => {
      proxy.on('proxyReq', (request) => {
        // The server refuses what a page of another origin asks for.
        if (request.hasHeader('origin')) request.setHeader('origin', new URL(api).origin);
        if (token !== undefined) request.setHeader('authorization', `Bearer ${token}`);
      });
    },
  };
  return Object.fromEntries(PATHS.map((path) => [path, options]));
}
