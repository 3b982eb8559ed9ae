// The store's clock as this process sees it. Ticks are due by it, because hosts that share a store
// do not share a clock; asking it costs a query, so between two answers it is reckoned. Never ahead
// of the store: an answer was true when it left, and is counted from when it came.

import { monotonic } from "../process/monotonic.ts";

export class StoreClock {
  readonly #ask: () => Promise<number>;
  #answer = 0;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(ask: () => Promise<number>) {
    this.#ask = ask;
  }

  /** In milliseconds since 1970. Once it was asked. */
  get now(): number {
    return this.#answer + (monotonic() - this.#askedAt);
  }

  /** Of the last answer, in milliseconds. */
  get ageMs(): number {
    return monotonic() - this.#askedAt;
  }

  /**
   * Asks anew. Answers how far the clock had moved beside its reckoning, in milliseconds: it was
   * set, or the machine slept. 0 the first time.
   */
  async refresh(): Promise<number> {
    const answer = await this.#ask();
    const first = this.#askedAt === Number.NEGATIVE_INFINITY;
    const moved = first ? 0 : answer - this.now;
    this.#answer = answer;
    this.#askedAt = monotonic();
    return moved;
  }
}
