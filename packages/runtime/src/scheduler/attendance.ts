// Since when somebody has been there to see ticks come due. It decides what `catch_up` is about: a
// tick was missed when nobody was there at its time. Being late by a little is no absence; being
// stopped, frozen or asleep is.

import { monotonic } from "../process/monotonic.ts";

/** Whoever comes back so much later than he said was away, in milliseconds. */
export const absenceMs = 5_000;
/** A predecessor may have died at a tick, before he had it recorded; milliseconds. */
const lastWordsMs = 1_000;

export class Attendance {
  #since: number;
  #expected: number | null = null;

  /** @param vacantSince when the predecessor died, by the monotonic clock; null: there was none */
  constructor(vacantSince: number | null) {
    this.#since = vacantSince === null ? monotonic() : vacantSince - lastWordsMs;
  }

  /** For so long without a gap, in milliseconds. */
  get ms(): number {
    return monotonic() - this.#since;
  }

  /** Here, before anything is looked at. */
  arrive(): void {
    const late = this.#expected === null ? 0 : monotonic() - this.#expected;
    if (late > absenceMs) this.begin();
  }

  /** Away for so long, in milliseconds; answers the same. */
  leave(ms: number): number {
    this.#expected = monotonic() + ms;
    return ms;
  }

  /** What came before does not count. */
  begin(): void {
    this.#since = monotonic();
  }
}
