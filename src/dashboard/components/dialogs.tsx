/** What is asked before something is deleted, and the help on keys. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { helpIsOpen, type Question, question } from '../state/asked.ts';
import { keysAreOn, setKeysOn } from '../state/keyboard.ts';

/** A modal dialog; the browser keeps the focus in it, and Esc closes it. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog ref={element} aria-labelledby="dialog-title" onClose={props.onClose}>
      <h2 id="dialog-title">{props.title}</h2>
      {props.children}
    </dialog>
  );
}

export function AskedQuestion() {
  const asked = question.value;
  return asked === null ? null : <QuestionDialog key={asked.title} asked={asked} />;
}

function QuestionDialog({ asked }: { asked: Question }) {
  const { title, consequences, option, confirm, onConfirm } = asked;
  const [withOption, setWithOption] = useState(false);
  const [typed, setTyped] = useState('');
  const isReady = option === undefined || !withOption || typed === option.typeToConfirm;
  const close = () => {
    question.value = null;
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (!isReady) return;
    close();
    onConfirm(withOption);
  };
  return (
    <Dialog title={title} onClose={close}>
      <form onSubmit={submit}>
        {consequences.map((text) => (
          <p key={text}>{text}</p>
        ))}
        {option !== undefined && (
          <label class="choice">
            <input
              type="checkbox"
              checked={withOption}
              onChange={({ currentTarget }) => setWithOption(currentTarget.checked)}
            />
            {option.text}
          </label>
        )}
        {option !== undefined && withOption && (
          <label>
            Type <strong>{option.typeToConfirm}</strong> to confirm
            <input
              type="text"
              autocomplete="off"
              spellcheck={false}
              value={typed}
              onInput={({ currentTarget }) => setTyped(currentTarget.value)}
            />
          </label>
        )}
        <div class="buttons end">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="danger" disabled={!isReady}>
            {confirm}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['/', 'Search'],
  ['j k', 'Next, previous row; arrows, too, once a row is chosen'],
  ['g g, G', 'First, last row'],
  ['Enter, o', 'Open the row'],
  ['u', 'Back'],
  ['g o', 'Overview'],
  ['g t', 'Tenants'],
  ['g i', 'Instances'],
  ['g e', 'Events'],
  ['g h', 'Host'],
  ['1 … 5', 'Parts of a tenant’s page'],
  ['Esc', 'Leave a field, close a dialog'],
  ['?', 'This help'],
];

export function Help() {
  if (!helpIsOpen.value) return null;
  const close = () => {
    helpIsOpen.value = false;
  };
  return (
    <Dialog title="Keys" onClose={close}>
      <dl class="keys">
        {KEYS.map(([keys, does]) => (
          <div key={keys}>
            <dt>{keys.split(' ').map((key) => (/^\w|^[/?]/.test(key) ? <kbd key={key}>{key}</kbd> : ` ${key} `))}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label class="choice">
        <input
          type="checkbox"
          checked={keysAreOn.value}
          onChange={({ currentTarget }) => setKeysOn(currentTarget.checked)}
        />
        Single keys do something
      </label>
      <div class="buttons end">
        <button type="button" class="primary" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
