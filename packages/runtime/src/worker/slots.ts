// Who runs in which slot, and who waits for one. Bookkeeping only: it starts and ends nothing.

import { maxCrashes } from "@queue-runtime/store";
import type { Execution } from "./execution.ts";

export class Slots {
  readonly #taken: (Execution | null)[];
  readonly #free: number[];
  readonly #byId = new Map<number, Execution>();
  #waiting: Execution[] = [];

  constructor(count: number) {
    this.#taken = new Array(count).fill(null);
    this.#free = Array.from({ length: count }, (_, index) => count - 1 - index);
  }

  get running(): readonly Execution[] {
    return this.#taken.filter((execution) => execution !== null);
  }

  /** Those that run and those that wait. */
  get all(): readonly Execution[] {
    return [...this.#byId.values()];
  }

  get runningCount(): number {
    return this.#taken.length - this.#free.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Free slots that nobody waits for; negative when more wait than are free. */
  get open(): number {
    return this.#free.length - this.#waiting.length;
  }

  get isIdle(): boolean {
    return this.#byId.size === 0;
  }

  /**
   * A job one crash short of the limit is here: it runs alone, and nothing is claimed beside it.
   */
  get hasSuspect(): boolean {
    return this.suspectWaits || (this.#byId.size === 1 && this.running.some(isSuspect));
  }

  /** It came alone and nothing is claimed after it: it can only be the last. */
  get suspectWaits(): boolean {
    const last = this.#waiting.at(-1);
    return last !== undefined && isSuspect(last);
  }

  find(id: number): Execution | undefined {
    return this.#byId.get(id);
  }

  at(slot: number): Execution | null {
    return this.#taken[slot] ?? null;
  }

  add(execution: Execution): void {
    this.#byId.set(execution.job.id, execution);
    this.#waiting.push(execution);
  }

  /** The next execution that may start, and where; null when it or a slot has to be waited for. */
  next(): { execution: Execution; slot: number } | null {
    const first = this.#waiting[0];
    const slot = this.#free.at(-1);
    if (!first || slot === undefined) return null;
    if (isSuspect(first) && this.runningCount > 0) return null;
    this.#waiting.shift();
    this.#byId.delete(first.job.id);
    return { execution: first, slot };
  }

  occupy(slot: number, execution: Execution): void {
    this.#free.splice(this.#free.lastIndexOf(slot), 1);
    this.#taken[slot] = execution;
    this.#byId.set(execution.job.id, execution);
  }

  vacate(slot: number): Execution | null {
    const execution = this.#taken[slot] ?? null;
    if (!execution) return null;
    this.#taken[slot] = null;
    this.#free.push(slot);
    if (this.#byId.get(execution.job.id) === execution) this.#byId.delete(execution.job.id);
    return execution;
  }

  /** Takes out one that waits. */
  remove(execution: Execution): Execution {
    this.#waiting = this.#waiting.filter((other) => other !== execution);
    this.#byId.delete(execution.job.id);
    return execution;
  }

  /** Takes out all that wait. */
  takeWaiting(): Execution[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const execution of waiting) this.#byId.delete(execution.job.id);
    return waiting;
  }

  /** How long the oldest run has been going on, in milliseconds. */
  oldestRunMs(now: number): number {
    return this.running.reduce((oldest, each) => Math.max(oldest, now - each.startedAt), 0);
  }
}

export function isSuspect(execution: Execution): boolean {
  return execution.job.crashesSinceCheckpoint >= maxCrashes - 1;
}
