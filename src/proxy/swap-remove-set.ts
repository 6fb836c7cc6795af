/**
 * A set of things that come and go tens of thousands of times a second. A Set does that too, but V8 keeps what was
 * deleted alive until its table is made anew, and the collector then copies thousands of dead requests again and
 * again: measured, a third of the proxy's time.
 */
const PLACE = Symbol('place');

interface Placed {
  [PLACE]?: number;
}

export class SwapRemoveSet<Member extends object> {
  private readonly members: (Member & Placed)[] = [];

  get size(): number {
    return this.members.length;
  }

  [Symbol.iterator](): Iterator<Member> {
    return this.members[Symbol.iterator]();
  }

  /** A member is in one set at a time. */
  add(member: Member & Placed): void {
    member[PLACE] = this.members.push(member) - 1;
  }

  /** Returns whether it was there. */
  delete(member: Member & Placed): boolean {
    const place = member[PLACE];
    if (place === undefined || place < 0) return false;
    const last = this.members.pop();
    if (last !== undefined && last !== member) {
      this.members[place] = last;
      last[PLACE] = place;
    }
    member[PLACE] = -1;
    return true;
  }
}
