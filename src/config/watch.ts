/** Tells when a config file has changed and been left alone for a moment: editors write in several steps. */
import { watch } from 'chokidar';

const SETTLE_MS = 100;
const POLL_MS = 20;

export interface ConfigWatch {
  close(): Promise<void>;
}

/** Settles when it watches. `onChange` is called after each change, also when the file was replaced by another. */
export async function watchConfig(file: string, onChange: () => void): Promise<ConfigWatch> {
  const watcher = watch(file, {
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: SETTLE_MS, pollInterval: POLL_MS },
  });
  // A file that was moved away and back comes as `add`.
  watcher.on('change', onChange).on('add', onChange);
  // Without a watch SIGHUP still reloads.
  watcher.on('error', () => {});
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return { close: () => watcher.close() };
}
