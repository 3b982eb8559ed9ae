// How many jobs to hold beyond the free slots, and for how long. Only while jobs are so short that
// the store would be the bottleneck; whatever is held ahead is work that no other worker can take.

/** Work held ahead is worth at most so many milliseconds. */
const windowMs = 5;
/** And is at most so many jobs: more where the next ones are a round trip away. */
const mostAhead = { embedded: 480, shared: 960 } as const;
/** Jobs longer than this are never held ahead. */
const shortMs = 2;
/** Jobs that waited longer than this are handed back: somebody else may be free. */
const patienceMs = 20;
/**
 * A suspect waits longer, until it is alone here: handed back at once, it would never find its turn
 * while every worker is busy. Not for ever, because nothing is begun beside it meanwhile.
 */
const suspectPatienceMs = 30_000;
/** After one that waited in vain, so long is none taken but by an idle worker: a tenth is lost. */
const suspectPauseMs = 300_000;

export class Prefetch {
  readonly #most: number;
  #meanMs = Number.POSITIVE_INFINITY;
  #patience: NodeJS.Timeout | undefined;
  #withSuspect = false;
  #noSuspectsUntil = 0;

  /** @param shared the store is on a server */
  constructor(shared: boolean) {
    this.#most = shared ? mostAhead.shared : mostAhead.embedded;
  }

  /** A run ended after so long. Slow runs count at once, fast ones have to prove themselves. */
  ended(ms: number): void {
    if (!Number.isFinite(this.#meanMs) || ms > shortMs) this.#meanMs = ms;
    else this.#meanMs += (ms - this.#meanMs) * 0.1;
  }

  /** Calls `late` if something still waits when the patience with it has run out. */
  somethingWaits(suspect: boolean, late: () => void): void {
    if (this.#patience && this.#withSuspect === suspect) return;
    this.nothingWaits();
    this.#withSuspect = suspect;
    this.#patience = setTimeout(
      () => {
        this.#patience = undefined;
        late();
      },
      suspect ? suspectPatienceMs : patienceMs,
    );
  }

  /** The suspect that waits has waited in vain. */
  gaveUpOnSuspect(now: number): void {
    this.#noSuspectsUntil = now + suspectPauseMs;
  }

  isTiredOfSuspects(now: number): boolean {
    return now < this.#noSuspectsUntil;
  }

  nothingWaits(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  /** Something waited too long behind a run of `ms`: start over, unless that run is new. */
  isTooLate(ms: number): boolean {
    if (ms < patienceMs) return false;
    this.#meanMs = Number.POSITIVE_INFINITY;
    return true;
  }

  ahead(slots: number): number {
    if (this.#meanMs > shortMs) return 0;
    const perSlot = Math.floor(windowMs / Math.max(this.#meanMs, 0.01));
    return Math.min(this.#most, perSlot * slots);
  }
}
