/** The connections that the proxy has to each generation of a process: what else is connected came past it. */

export class OwnConnections {
  private readonly open = new Map<number, number>();
  /** Generations to which one was opened since it was asked. */
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

  /** Whether one was opened since this was asked last. */
  takeRecent(generation: number): boolean {
    return this.recent.delete(generation);
  }
}
