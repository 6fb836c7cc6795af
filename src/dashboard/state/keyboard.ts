/** Keys for the whole page. Whoever types text, or has a dialog before them, is left alone. */
import { signal } from '@preact/signals';
import { type KeyAction, type KeyState, pressed } from '../model/keys.ts';
import { TENANT_TABS, tenantPath } from '../model/route.ts';
import { helpIsOpen } from './asked.ts';
import { listKeys } from './key-target.ts';
import { go, route } from './location.ts';

const STORED = 'tenement.keys';

/** Whether single keys do something; speech input and others may want them off (WCAG 2.1.4). */
export const keysAreOn = signal(stored() !== 'off');

function stored(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

export function setKeysOn(on: boolean): void {
  keysAreOn.value = on;
  try {
    localStorage.setItem(STORED, on ? 'on' : 'off');
  } catch {
    // Without storage the choice holds until the page is closed.
  }
}

let state: KeyState = null;

export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (isTyping(target)) {
      if (leaveField(event.key, target)) event.preventDefault();
      return;
    }
    if (moveByArrow(event.key, target)) {
      event.preventDefault();
      return;
    }
    if (!keysAreOn.value) return;
    const next = pressed(state, event.key, performance.now());
    state = next.state;
    if (next.action !== null && run(next.action)) event.preventDefault();
  });
}

function isTyping(target: HTMLElement): boolean {
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox' && target.type !== 'radio';
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** Esc leaves a field; the arrow leads from the search to its first result. */
function leaveField(key: string, target: HTMLElement): boolean {
  if (key === 'Escape') target.blur();
  else if (target.dataset['search'] === undefined || key !== 'ArrowDown') return false;
  else listKeys()?.move(1);
  return true;
}

/** Arrows scroll, as everywhere, unless a row of the list has the focus. */
function moveByArrow(key: string, target: HTMLElement): boolean {
  const by = { ArrowDown: 1, ArrowUp: -1 }[key];
  const list = listKeys();
  if (by === undefined || list === null || target.closest('tbody tr') === null) return false;
  list.move(by);
  return true;
}

/** Returns whether the action did something. */
function run(action: KeyAction): boolean {
  const list = listKeys();
  switch (action.kind) {
    case 'go':
      go(action.path);
      return true;
    case 'search':
      return focusSearch();
    case 'help':
      helpIsOpen.value = true;
      return true;
    case 'next':
      list?.move(1);
      return list !== null;
    case 'previous':
      list?.move(-1);
      return list !== null;
    case 'first':
    case 'last':
      list?.moveToEnd(action.kind === 'last');
      return list !== null;
    case 'open':
      list?.open();
      return list !== null;
    case 'back':
      history.back();
      return true;
    case 'tab':
      return openTab(action.index);
  }
}

function focusSearch(): boolean {
  const field = document.querySelector('[data-search]');
  if (!(field instanceof HTMLInputElement)) {
    go('#/tenants');
    // The screen is drawn in the next step.
    setTimeout(focusSearch, 50);
    return true;
  }
  field.focus();
  field.select();
  return true;
}

function openTab(index: number): boolean {
  const { screen } = route.value;
  const tab = TENANT_TABS[index];
  if (screen.name !== 'tenant' || tab === undefined) return false;
  go(tenantPath(screen.tenant, tab));
  return true;
}
