// A lane is everything that is ready with the same queue, name and priority, and the same history
// (`returned`, see 1-jobs.ts). There are few lanes however many jobs wait. This file knows where
// each lane begins, so that a claim need not look for it among dead rows.
//
// Why that matters: each claim leaves a dead entry at the very place where the next one begins to
// read. While some transaction anywhere in the cluster keeps an old snapshot, nobody may remove
// them, and a claim that reads from the beginning gets slower by the second (to a tenth within 40 s
// where it was measured). So each lane has a low-water id: everything at or below it is taken, and
// is not looked at again. It is safe because the ids of a lane that is not `returned` only grow,
// but for transactions that took an id early and commit late. So an id becomes low water only when
// every transaction has ended that was under way when it was seen. What still slips through (an id
// taken before its transaction had begun to write, a claim that was rolled back) is found by a look
// from the beginning, which comes after a while and whenever a claim found less than it wanted.

export interface Lane {
  readonly returned: boolean;
  readonly queue: string;
  readonly name: string;
  readonly priority: number;
}

export interface KnownLane extends Lane {
  readonly key: string;
  /** Everything up to this id is taken. */
  low: number;
  /** Will be the low water once no transaction below `horizon` runs any more. */
  pending: { readonly id: number; readonly horizon: number } | null;
  /** By the monotonic clock. */
  usedAt: number;
}

/** A lane in which nothing was found for so long, in milliseconds, is forgotten. */
const forgetMs = 60_000;
/** From the beginning at least this often in milliseconds, and when a claim found too little. */
const fullLookMs = 10_000;
const shortLookMs = 200;
/** Looks from the beginning may take this share of the time. */
const lookShare = 0.05;

export class Lanes {
  readonly #known = new Map<string, KnownLane>();
  #sorted: readonly KnownLane[] | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #lookMs = 0;

  /** In the order of the index. */
  all(): readonly KnownLane[] {
    this.#sorted ??= [...this.#known.values()].sort(compare);
    return this.#sorted;
  }

  /** True when the lane is new. */
  add(lane: Lane, now: number): boolean {
    const key = keyOf(lane);
    const known = this.#known.get(key);
    if (known) {
      known.usedAt = now;
      return false;
    }
    this.#known.set(key, { ...lane, key, low: 0, pending: null, usedAt: now });
    this.#sorted = null;
    return true;
  }

  /**
   * Everything in the lane up to `last` was claimed, from `first` on: no transaction below `xmin`
   * ran any more before that, and none from `xmax` on had begun after it.
   */
  claimed(
    lane: Lane,
    { first, last }: { readonly first: number; readonly last: number },
    seen: { readonly xmin: number; readonly xmax: number },
  ): void {
    const known = this.#known.get(keyOf(lane));
    if (!known || known.returned) return;
    if (first <= known.low) {
      // one slipped through, and others may have
      known.low = 0;
      known.pending = null;
    }
    const { pending } = known;
    if (pending && pending.horizon <= seen.xmin) {
      // an earlier one may have become visible just now, and be next
      known.low = Math.max(known.low, Math.min(pending.id, last));
      known.pending = null;
    }
    known.pending ??= { id: last, horizon: seen.xmax };
  }

  /** Whether the next claim should read from the beginning. */
  isFullLookDue(now: number, foundTooLittle: boolean): boolean {
    const pause = Math.max(foundTooLittle ? shortLookMs : fullLookMs, this.#lookMs / lookShare);
    return now - this.#lookedAt >= pause;
  }

  looked(now: number, ms: number): void {
    this.#lookedAt = now;
    this.#lookMs = ms;
    for (const [key, lane] of this.#known) {
      if (now - lane.usedAt < forgetMs) continue;
      this.#known.delete(key);
      this.#sorted = null;
    }
  }
}

function keyOf({ returned, queue, name, priority }: Lane): string {
  return `${returned} ${priority} ${queue.length} ${queue} ${name}`;
}

/** As PostgreSQL orders them: false before true, text by its bytes. */
function compare(a: Lane, b: Lane): number {
  return (
    Number(a.returned) - Number(b.returned) ||
    compareBytes(a.queue, b.queue) ||
    compareBytes(a.name, b.name) ||
    a.priority - b.priority
  );
}

function compareBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
