/** What has come of changes: errors until they are dismissed, the rest for some seconds. */
import { dismiss, notices } from '../state/actions.ts';
import { Foreign } from './basics.tsx';

export function Notices() {
  return (
    <div class="notices">
      <div role="status">
        {notices.value
          .filter(({ isError }) => !isError)
          .map(({ id, text }) => (
            <p key={id} class="notice">
              <Foreign text={text} />
            </p>
          ))}
      </div>
      <div role="alert">
        {notices.value
          .filter(({ isError }) => isError)
          .map(({ id, text, hint }) => (
            <div key={id} class="notice bad">
              <p>
                <Foreign text={text} max={600} />
              </p>
              {hint !== '' && (
                <p class="hint">
                  <Foreign text={hint} max={600} />
                </p>
              )}
              <button type="button" onClick={() => dismiss(id)}>
                Dismiss
              </button>
            </div>
          ))}
      </div>
    </div>
  );
}
