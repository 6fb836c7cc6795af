/** The small parts that all screens use. */
import type { ComponentChildren } from 'preact';
import { dateTime, relative, UNKNOWN } from '../model/format.ts';
import { type Tone, toneOf } from '../model/states.ts';
import { visibleText } from '../model/text.ts';
import { perform, underWay } from '../state/actions.ts';
import type { ApiError } from '../state/api.ts';
import { nowMs } from '../state/clock.ts';

/** Text that a tenant, or who may act for it, has made. */
export function Foreign({ text, max }: { text: string; max?: number }) {
  return <bdi>{visibleText(text, max)}</bdi>;
}

export function Badge({ state, tone }: { state: string; tone?: Tone }) {
  return <span class={`badge ${tone ?? toneOf(state)}`}>{state.replaceAll('_', ' ')}</span>;
}

/** How long ago, or in how long; the time itself on hover. */
export function When({ at }: { at: string | null }) {
  if (at === null) return <span class="muted">{UNKNOWN}</span>;
  return (
    <time dateTime={at} title={dateTime(at)}>
      {relative(at, nowMs.value)}
    </time>
  );
}

export interface ActionProps {
  /** "Stop"; with `subject` it is the change's name. */
  label: string;
  subject: string;
  done: string;
  run: () => Promise<unknown>;
  kind?: 'primary' | 'danger';
  onDone?: () => void;
}

/** A button for a change that needs no question. */
export function Action({ label, subject, done, run, kind, onDone }: ActionProps) {
  const name = `${label} ${subject}`;
  const isBusy = underWay.value.has(name);
  const start = async () => {
    if (await perform({ name, run, done })) onDone?.();
  };
  return (
    <button type="button" class={kind} aria-busy={isBusy} aria-disabled={isBusy} onClick={() => void start()}>
      {label}
      <span class="for-readers"> {subject}</span>
    </button>
  );
}

export function ProblemBox({ problem, onRetry }: { problem: ApiError; onRetry?: () => void }) {
  return (
    <div class="problem" role="alert">
      <p>
        <Foreign text={problem.message} max={1000} />
      </p>
      {problem.hint !== '' && (
        <p class="hint">
          <Foreign text={problem.hint} max={1000} />
        </p>
      )}
      {onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Section({
  title,
  children,
  extra,
}: {
  title: string;
  children: ComponentChildren;
  extra?: ComponentChildren;
}) {
  const id = `section-${title.toLowerCase().replaceAll(' ', '-')}`;
  return (
    <section aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {extra}
      </header>
      {children}
    </section>
  );
}

export type Fact = readonly [name: string, value: ComponentChildren];

export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
