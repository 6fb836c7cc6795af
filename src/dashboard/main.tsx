/** The dashboard's entry. */
import { render } from 'preact';
import { App } from './app.tsx';
import { listenToKeys } from './state/keyboard.ts';
import { begin, watchForCode } from './state/session.ts';

const root = document.getElementById('app');
if (root !== null) {
  listenToKeys();
  watchForCode();
  void begin();
  render(<App />, root);
}
