// Which workers have more than they can do. Whoever enqueues wakes nobody while all of them have
// (announce.ts): under load, which is when it would cost most, nothing is announced.
//
// A worker counts as saturated when some claims in a row brought all it asked for, and no longer
// once one did not. It says so before it looks for the last time: what came between is found by
// that look, and what comes after is announced.

import type { Statement } from "../driver.ts";

/** Full claims in a row before a worker says that it needs no waking. */
const fullClaims = 5;

const mark = "UPDATE queue_runtime.processes SET saturated = $2 WHERE id = $1";

export class Saturation {
  readonly #full = new Map<number, number>();
  readonly #saturated = new Set<number>();

  /** A claim brought all that was asked for; answers what has to be written with the next turn. */
  full(processId: number): Statement | null {
    const count = (this.#full.get(processId) ?? 0) + 1;
    this.#full.set(processId, count);
    if (count < fullClaims || this.#saturated.has(processId)) return null;
    this.#saturated.add(processId);
    return [mark, [processId, true]];
  }

  /** A claim fell short; answers what has to be written before the worker looks once more. */
  short(processId: number): Statement | null {
    this.#full.set(processId, 0);
    return this.#saturated.delete(processId) ? [mark, [processId, false]] : null;
  }

  /** A turn failed, and with it, perhaps, what it had to say: it is said again when in doubt. */
  doubt(processId: number): void {
    this.#saturated.add(processId);
  }
}
