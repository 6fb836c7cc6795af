import type { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { createLauncher } from '../../../src/process/launch/launcher.ts';
import type { OutputSink } from '../../../src/process/output/output-sink.ts';
import { createProcessContext } from '../../../src/process/process-context.ts';
import { inline, makeBench } from '../support.ts';

test('the last output of a child is read, though the event loop is blocked at its end (bug: it was lost)', async () => {
  const bench = makeBench();
  const read: Readable[] = [];
  // The stream is read later, as of a child that printed much.
  const sink: OutputSink = {
    attach(source) {
      read.push(source.stdout.pause());
      return bench.sink.attach(source);
    },
  };
  const context = createProcessContext({ settings: bench.settings, sink });
  onTestFinished(() => context.close());
  const launcher = createLauncher(context);
  const result = await launcher.launch(
    bench.request({ command: inline('console.log("x".repeat(100_000)); console.log("last words")') }),
  );
  if (!result.ok) throw new Error(result.detail);
  await result.process.exited;
  const ended = result.process.terminate(0);
  setTimeout(() => read[0]?.resume(), 50);
  await new Promise(setImmediate);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  await ended;
  expect(result.process.lastLines(1)).toEqual(['last words']);
});
