/**
 * Builds the dashboard: `npm run build` writes it to dist/dashboard, each file also compressed. `npm run dashboard` serves it
 * with hot reload and passes what it asks for on to a server: TENEMENT_API, or the API's default address. TENEMENT_TOKEN is
 * the token that is used instead of a session.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { compressed } from './compressed.ts';
import { toServer } from './to-server.ts';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const { TENEMENT_API: api = 'http://127.0.0.1:8000', TENEMENT_TOKEN: token } = process.env;

export default defineConfig({
  root: fromRoot('src/dashboard'),
  cacheDir: fromRoot('node_modules/.cache/dashboard'),
  build: {
    outDir: fromRoot('dist/dashboard'),
    emptyOutDir: true,
    target: 'es2023',
    // The Content-Security-Policy allows no data: addresses.
    assetsInlineLimit: 0,
    // The polyfill is for browsers that the target excludes.
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: false,
    license: { fileName: 'licenses.md' },
  },
  plugins: [compressed()],
  server: { host: '127.0.0.1', proxy: toServer(api, token) },
});
