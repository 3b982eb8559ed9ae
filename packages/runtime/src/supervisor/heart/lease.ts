// How long this host may count on its jobs. On a store that several hosts share, others take over
// what a silent host holds, after `alive_threshold`. A host that cannot beat knows when that will be
// by its own clock, because nobody can tell it: so it stops its jobs before, first by asking, then
// by force. The fences would keep its late writes out of the store; they cannot keep two hosts from
// doing the same thing to the world.
//
// The time is counted from the *start* of the last beat that was answered: the store noted it no
// earlier. The clock is the monotonic one. It does not judge right after a sleep: the answer to a
// beat may lie there unread, and whoever would take over has done so by then.
//
// Rejected: asking the store for its time (it is what cannot be reached), counting from the end of
// the beat (a slow answer would be a longer lease than the store granted), keeping the jobs as long
// as nobody took them (that cannot be known before it has happened).

/** Shares of `alive_threshold` without a beat: jobs are told to end; who still runs is killed. */
const lostAfter = 2 / 3;
const overAfter = 0.85;
/** A check later than this share of the threshold, or this in milliseconds, means a sleep. */
const sleepShare = 0.1;
const longestSleepMs = 1_000;

export interface LeaseOptions {
  /** `alive_threshold`, in milliseconds. */
  readonly thresholdMs: number;
  readonly now: number;
  /** Whatever runs is to end. */
  readonly lost: (silentMs: number) => void;
  /** Whatever still runs is to be ended; said at every check until the lease is held again. */
  readonly over: (silentMs: number) => void;
  /** After having been lost for so long, in milliseconds. */
  readonly regained: (ms: number) => void;
}

export class Lease {
  readonly #options: LeaseOptions;
  readonly #sleepMs: number;
  #renewedAt: number;
  #lostAt: number | null = null;
  #nextCheckAt: number;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#sleepMs = Math.min(longestSleepMs, options.thresholdMs * sleepShare);
    this.#renewedAt = options.now;
    this.#nextCheckAt = options.now;
  }

  get isLost(): boolean {
    return this.#lostAt !== null;
  }

  /** A beat that began then has been answered; in whatever order the answers come. */
  renew(beganAt: number): void {
    this.#renewedAt = Math.max(this.#renewedAt, beganAt);
  }

  /** Acts on how late it is; answers in how many milliseconds to check again. */
  check(now: number): number {
    const slept = now - this.#nextCheckAt > this.#sleepMs;
    const waitMs = slept ? this.#sleepMs : this.#judge(now);
    this.#nextCheckAt = now + waitMs;
    return waitMs;
  }

  #judge(now: number): number {
    const { thresholdMs, lost, over, regained } = this.#options;
    const silentMs = now - this.#renewedAt;
    if (silentMs < lostAfter * thresholdMs) {
      if (this.#lostAt !== null) regained(now - this.#lostAt);
      this.#lostAt = null;
      return lostAfter * thresholdMs - silentMs;
    }
    if (this.#lostAt === null) {
      this.#lostAt = now;
      lost(silentMs);
    }
    if (silentMs < overAfter * thresholdMs) return overAfter * thresholdMs - silentMs;
    over(silentMs);
    return this.#sleepMs;
  }
}
