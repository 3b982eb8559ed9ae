// How many jobs to hold beyond the free slots. Only while jobs are so short that the store would be
// the bottleneck; whatever is held ahead is work that no other worker can take.

/** Work held ahead is worth at most so many milliseconds. */
const windowMs = 5;
/** And is at most so many jobs. */
const maxAhead = 480;
/** Jobs longer than this are never held ahead. */
const shortMs = 2;

export class Prefetch {
  #meanMs = Number.POSITIVE_INFINITY;

  /** A run ended after so long. Slow runs count at once, fast ones have to prove themselves. */
  ended(ms: number): void {
    if (!Number.isFinite(this.#meanMs) || ms > shortMs) this.#meanMs = ms;
    else this.#meanMs += (ms - this.#meanMs) * 0.1;
  }

  /** Something waited too long: start over. */
  reset(): void {
    this.#meanMs = Number.POSITIVE_INFINITY;
  }

  ahead(slots: number): number {
    if (this.#meanMs > shortMs) return 0;
    const perSlot = Math.floor(windowMs / Math.max(this.#meanMs, 0.01));
    return Math.min(maxAhead, perSlot * slots);
  }
}
