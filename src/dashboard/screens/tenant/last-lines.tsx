/** The last lines that a process printed. */
import { Foreign } from '../../components/basics.tsx';

export function LastLines({ lines }: { lines: readonly string[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section class="last-lines" tabIndex={0} aria-label="Last lines of output">
      {lines.map((line, index) => (
        <div key={index}>
          <Foreign text={line} max={1000} />
        </div>
      ))}
    </section>
  );
}
