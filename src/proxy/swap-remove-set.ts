/**
 * A set of members that come and go tens of thousands of times a second. In a Set, V8 keeps deleted members alive until
 * its table is rebuilt, and the collector then copies thousands of dead requests repeatedly; measured, a third of the
 * proxy's time.
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

  /** Returns whether it was a member. */
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
