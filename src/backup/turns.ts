/** Gives turns in the order in which they are asked for, one at a time. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  async take<Value>(work: () => Promise<Value>): Promise<Value> {
    const before = this.last;
    const mine = before.then(work, work);
    this.last = mine.catch(() => {});
    return mine;
  }
}
