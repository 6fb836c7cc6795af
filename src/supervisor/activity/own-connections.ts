/** Counts the proxy's own connections to each generation of a process, to tell them apart from direct ones. */

export class OwnConnections {
  private readonly open = new Map<number, number>();
  /** Generations with a connection that was opened since the last call of `takeRecent`. */
  private readonly recent = new Set<number>();

  change(generation: number, change: 1 | -1): void {
    const count = (this.open.get(generation) ?? 0) + change;
    if (count === 0) this.open.delete(generation);
    else this.open.set(generation, count);
    if (change === 1) this.recent.add(generation);
  }

  count(generation: number): number {
    return this.open.get(generation) ?? 0;
  }

  /** Whether a connection was opened since the last call. */
  takeRecent(generation: number): boolean {
    return this.recent.delete(generation);
  }
}
