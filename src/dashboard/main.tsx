/** The dashboard's entry. */
import { render } from 'preact';
import { App } from './app.tsx';
import { listenToKeys } from './state/keyboard.ts';
import { begin } from './state/session.ts';

const root = document.getElementById('app');
if (root !== null) {
  listenToKeys();
  void begin();
  render(<App />, root);
}
