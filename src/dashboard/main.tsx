/** The dashboard's entry. */
import { render } from 'preact';
import { Overview } from './overview.tsx';

const root = document.getElementById('app');
if (root !== null) render(<Overview />, root);
