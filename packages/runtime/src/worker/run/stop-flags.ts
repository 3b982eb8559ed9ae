// The flags that tell running jobs to end, in memory that all threads of a worker share. A job that
// never yields still sees them: reading one is a single atomic load.

import type { StopReason } from "@queue-runtime/job";

/** Word 0: the worker stops. Then one word per slot. */
const stoppingWord = 0;
const firstSlotWord = 1;

/** What a slot's word may say. `shutdown` comes in the interrupt phase and aborts the signal. */
const slotReasons = ["", "cancel", "timeout", "lost", "shutdown"] as const;
export type SlotReason = Exclude<(typeof slotReasons)[number], "">;

export class StopFlags {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(slotsOrBuffer: number | SharedArrayBuffer) {
    this.buffer =
      typeof slotsOrBuffer === "number"
        ? new SharedArrayBuffer((firstSlotWord + slotsOrBuffer) * Int32Array.BYTES_PER_ELEMENT)
        : slotsOrBuffer;
    this.#words = new Int32Array(this.buffer);
  }

  /** For good: a worker that stops never starts again. */
  raiseStopping(): void {
    Atomics.store(this.#words, stoppingWord, 1);
  }

  get isStopping(): boolean {
    return Atomics.load(this.#words, stoppingWord) !== 0;
  }

  /** The first reason wins, except that a lost fence outranks everything. */
  raise(slot: number, reason: SlotReason): void {
    const word = firstSlotWord + slot;
    const code = slotReasons.indexOf(reason);
    if (reason === "lost") Atomics.store(this.#words, word, code);
    else Atomics.compareExchange(this.#words, word, 0, code);
    Atomics.notify(this.#words, word);
  }

  /** Before a slot is used again. Also wakes whoever still waits on the run before. */
  clear(slot: number): void {
    Atomics.store(this.#words, firstSlotWord + slot, 0);
    Atomics.notify(this.#words, firstSlotWord + slot);
  }

  reason(slot: number): SlotReason | null {
    return slotReasons[Atomics.load(this.#words, firstSlotWord + slot)] || null;
  }

  /** What a run in this slot is told when it asks whether to stop. */
  stopReason(slot: number): StopReason | false {
    const reason = this.reason(slot);
    if (reason) return reason === "shutdown" ? "stop" : reason;
    return this.isStopping ? "stop" : false;
  }

  /** Resolves when the slot's flag changes; at once when it is raised already. */
  async changed(slot: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#words, firstSlotWord + slot, 0);
    if (wait.async) await wait.value;
  }
}
