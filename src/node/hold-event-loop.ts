/**
 * Node ends a program once nothing is left that could wake it, also in the middle of an await. What is waited for here
 * is of that kind: processes of an earlier server and tenants that a next one takes back keep no program running.
 */
const LONG_MS = 2 ** 30;

/** Settles as `work` does; this process does not end before. */
export async function holdEventLoop<Result>(work: Promise<Result>): Promise<Result> {
  const held = setInterval(() => {}, LONG_MS);
  try {
    return await work;
  } finally {
    clearInterval(held);
  }
}
