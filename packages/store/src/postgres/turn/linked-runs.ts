// Which of the runs that were claimed here are tied to other jobs: how they end concerns those, and
// a turn that settles one reconciles. What nobody here knew of (somebody enqueued a job to come
// after one that runs) the claim says itself: it answers whether anything was left to be taken up.

import type { Settlement } from "../../turn.ts";
import { links as bits } from "../migrations/2-flow/links.ts";
import type { Caught } from "./claim-rows.ts";

export class LinkedRuns {
  readonly #ids = new Set<number>();

  claimed(caught: readonly Pick<Caught, "job" | "links">[]): void {
    const alone = bits.keyed | bits.command;
    for (const { job, links } of caught) if ((links & ~alone) !== 0) this.#ids.add(job.id);
  }

  isAmong(settlements: readonly Settlement[]): boolean {
    return settlements.some(({ id, outcome }) => outcome === "gated" || this.#ids.has(id));
  }

  settled(settlements: readonly Settlement[]): void {
    if (this.#ids.size > 0) for (const { id } of settlements) this.#ids.delete(id);
  }
}

/** A slot of theirs was free as soon as they began: somebody else may be ready. */
export function isFair(linksOfJob: number): boolean {
  return (linksOfJob & bits.fair) !== 0;
}

/** A slot of theirs rests since they began: a dispatcher has to know until when. */
export function isRated(linksOfJob: number): boolean {
  return (linksOfJob & bits.rate) !== 0;
}
