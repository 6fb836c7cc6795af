/** The output of an instance: live, paused, searched. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clockTime, dateTime, plural } from '../model/format.ts';
import type { ShownLine } from '../model/log-lines.ts';
import { LogFollower } from '../state/logs.ts';
import { ProblemBox } from './basics.tsx';

interface LogViewProps {
  instance: string;
  /** Others to choose from. */
  instances: readonly string[];
  grep: string;
  stderr: boolean;
  onQuery: (query: { readonly grep?: string; readonly stderr?: boolean; readonly instance?: string }) => void;
}

/** The server searches anew when nobody has typed for so long. */
const TYPING_MS = 300;

export function LogView({ instance, instances, grep, stderr, onQuery }: LogViewProps) {
  const follower = useFollower(instance, grep, stderr);
  if (follower === null) return null;
  const { lines, held, dropped } = follower.lines.value;
  const paused = follower.paused.value;
  const problem = follower.problem.value;
  return (
    <div class="logs">
      <div class="toolbar">
        {instances.length > 1 && (
          <select
            aria-label="Instance"
            value={instance}
            onChange={({ currentTarget }) => onQuery({ instance: currentTarget.value })}
          >
            {instances.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
        <SearchLines grep={grep} onGrep={(text) => onQuery({ grep: text })} />
        <label class="choice">
          <input
            type="checkbox"
            checked={stderr}
            onChange={({ currentTarget }) => onQuery({ stderr: currentTarget.checked })}
          />
          stderr only
        </label>
        <button type="button" aria-pressed={paused} onClick={() => follower.setPaused(!paused)}>
          {paused ? `Continue${held > 0 ? ` (${plural(held, 'new line')})` : ''}` : 'Pause'}
        </button>
        <button type="button" onClick={() => follower.clear()}>
          Clear
        </button>
        <span class="muted">{stateText(follower.state.value, paused, dropped)}</span>
      </div>
      {problem !== null && <ProblemBox problem={problem} />}
      <Lines lines={lines} grep={grep} instance={instance} />
    </div>
  );
}

function stateText(state: string, paused: boolean, dropped: number): string {
  if (paused) return dropped > 0 ? `paused; ${plural(dropped, 'line')} did not fit` : 'paused';
  const texts: Readonly<Record<string, string>> = { open: 'live', connecting: 'connecting…', lost: 'reconnecting…' };
  return texts[state] ?? state;
}

function useFollower(instance: string, grep: string, stderr: boolean): LogFollower | null {
  const [follower, setFollower] = useState<LogFollower | null>(null);
  useEffect(() => {
    const made = new LogFollower({ instance, grep, stderr });
    setFollower(made);
    return () => made.stop();
  }, [instance, grep, stderr]);
  return follower;
}

function SearchLines({ grep, onGrep }: { grep: string; onGrep: (text: string) => void }) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <input
      type="search"
      aria-label="Search the log"
      placeholder="Search the log"
      data-search
      autocomplete="off"
      spellcheck={false}
      defaultValue={grep}
      onInput={({ currentTarget }) => {
        clearTimeout(timer.current);
        timer.current = setTimeout(() => onGrep(currentTarget.value), TYPING_MS);
      }}
    />
  );
}

/** Keeps to the end, unless somebody has scrolled up. */
function Lines({ lines, grep, instance }: { lines: readonly ShownLine[]; grep: string; instance: string }) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && isAtEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines]);
  const onScroll = () => {
    const element = box.current;
    if (element !== null) isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
  };
  return (
    <section
      class="lines"
      ref={box}
      onScroll={onScroll}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
      tabIndex={0}
      aria-label={`Log of ${instance}`}
    >
      {lines.length === 0 && (
        <p class="empty">{grep === '' ? 'No output yet.' : `No line contains “${grep.slice(0, 80)}”.`}</p>
      )}
      {lines.map((line) => (
        <Line key={line.id} line={line} grep={grep} />
      ))}
    </section>
  );
}

function Line({ line: { at, stream, text }, grep }: { line: ShownLine; grep: string }) {
  return (
    <div class={`line ${stream}`}>
      <time dateTime={at} title={dateTime(at)}>
        {clockTime(at)}
      </time>
      <span class="stream">{stream === 'stderr' ? 'err' : 'out'}</span>
      <bdi>{marked(text, grep)}</bdi>
    </div>
  );
}

/** Marks where the searched text stands. */
function marked(text: string, grep: string) {
  if (grep === '') return text;
  const parts = text.split(grep).slice(0, 50);
  return parts.flatMap((part, index) => (index === 0 ? [part] : [<mark key={index}>{grep}</mark>, part]));
}
