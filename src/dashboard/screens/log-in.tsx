/** What to do when nobody is logged in. */
import { ProblemBox } from '../components/basics.tsx';
import type { ApiError } from '../state/api.ts';
import { begin } from '../state/session.ts';

export function LogInScreen({ problem }: { problem: ApiError | null }) {
  return (
    <main class="log-in">
      <h1>tenement</h1>
      {problem !== null && (
        <ProblemBox problem={problem} {...(problem.status === 0 && { onRetry: () => void begin() })} />
      )}
      <p>Nobody is logged in. On the machine of the server, type</p>
      <pre>
        <code>tenement ui</code>
      </pre>
      <p>
        and open the link that it prints. The link works once, within a minute. To see only what a token may see, type
        it with the token:
      </p>
      <pre>
        <code>tenement --api {location.origin} --token TOKEN ui</code>
      </pre>
    </main>
  );
}
