// At most so many at a time; whoever comes later stands in line, and not for ever.

export class Permits {
  #free: number;
  readonly #line = new Set<() => void>();

  constructor(most: number) {
    this.#free = most;
  }

  /** Resolves when it is the caller's turn, or with false if that was not within `patienceMs`. */
  async take(patienceMs: number): Promise<boolean> {
    if (this.#free === 0) return await this.#stand(patienceMs);
    this.#free -= 1;
    return true;
  }

  /** Whoever took one gives it back; it goes to the first in line. */
  give(): void {
    const [first] = this.#line;
    if (first) first();
    else this.#free += 1;
  }

  #stand(patienceMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const turn = (): void => {
        this.#line.delete(turn);
        clearTimeout(timer);
        resolve(true);
      };
      const giveUp = (): void => {
        this.#line.delete(turn);
        resolve(false);
      };
      const timer = setTimeout(giveUp, patienceMs);
      this.#line.add(turn);
    });
  }
}
