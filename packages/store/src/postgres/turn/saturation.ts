// Which workers have more than they can do. Whoever enqueues wakes nobody while all of them have
// (announce.ts): under load, which is when it would cost most, nothing is announced.
//
// A worker counts as saturated when some claims in a row brought all it asked for, and no longer
// once one did not. That is said in a transaction of its own, before it looks for the last time:
// what was enqueued before everybody can see it is found by that look, and what comes after is
// announced. Each claim answers what is written, so a word that got lost is said again.

import type { Statement } from "../driver.ts";

/** Full claims in a row before a worker says that it needs no waking. */
const fullClaims = 5;

const mark = "UPDATE queue_runtime.processes SET saturated = $2 WHERE id = $1";

export class Saturation {
  readonly #full = new Map<number, number>();

  /** A claim brought all that was asked for: whether that is to be said now. */
  full(processId: number, said: boolean): boolean {
    const count = (this.#full.get(processId) ?? 0) + 1;
    this.#full.set(processId, count);
    return !said && count >= fullClaims;
  }

  /** A claim fell short: whether that has to be said before the worker looks once more. */
  short(processId: number, said: boolean): boolean {
    this.#full.set(processId, 0);
    return said;
  }
}

export function markStatement(processId: number, saturated: boolean): Statement {
  return [mark, [processId, saturated]];
}
