/** The address of the screen, as a signal. */
import { signal } from '@preact/signals';
import { parseRoute, type Route, withQuery } from '../model/route.ts';

export const route = signal<Route>(parseRoute(location.hash));

addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash);
});

export function go(path: string): void {
  location.hash = path;
}

/** Takes the place of the current address, which Back does not return to. */
export function replaceWith(path: string): void {
  history.replaceState(null, '', path);
  route.value = parseRoute(location.hash);
}

/** Changes parts of the query. `isStep`: the browser's Back returns to what was before. */
export function setQuery(changes: Readonly<Record<string, string>>, isStep: boolean): void {
  const query = { ...Object.fromEntries(route.value.query), ...changes };
  const path = withQuery(location.hash.split('?', 1)[0] || '#/', query);
  if (path === location.hash) return;
  if (isStep) history.pushState(null, '', path);
  else history.replaceState(null, '', path);
  route.value = parseRoute(path);
}

addEventListener('popstate', () => {
  route.value = parseRoute(location.hash);
});
