// How long to wait before a child that died is replaced: the first time not at all, then longer and
// longer, so that a crash loop costs little and a single crash costs nothing.

const baseMs = 100;
const longestMs = 30_000;
/**
 * One that got ready works, whatever ended it: more than this would only cost capacity (800 ms).
 */
const mostServedDeaths = 5;
/** A child that lived this long had nothing to do with the crashes before it. */
const calmMs = 60_000;

export class BackOff {
  readonly #random: () => number;
  #deaths = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** How often in a row its children died young. */
  get deaths(): number {
    return this.#deaths;
  }

  /**
   * A child died after `livedMs`, and had been ready (`served`) or not: how long to wait, in
   * milliseconds. Full jitter beyond the first.
   */
  died(livedMs: number, served: boolean): number {
    this.#deaths = livedMs >= calmMs ? 1 : this.#deaths + 1;
    if (served) this.#deaths = Math.min(this.#deaths, mostServedDeaths);
    if (this.#deaths === 1) return 0;
    return Math.min(longestMs, baseMs * 2 ** (this.#deaths - 2)) * (0.5 + this.#random() / 2);
  }
}
