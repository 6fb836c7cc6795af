/**
 * Keeps the program running during an await. Node ends a program once nothing is left that could wake it, even in the
 * middle of an await. Waiting for processes of an earlier server, or for tenants that a next one takes back, is no such
 * reason to run on.
 */
const LONG_MS = 2 ** 30;

/** Settles like `work`, and keeps this process running until then. */
export async function holdEventLoop<Result>(work: Promise<Result>): Promise<Result> {
  const held = setInterval(() => {}, LONG_MS);
  try {
    return await work;
  } finally {
    clearInterval(held);
  }
}
