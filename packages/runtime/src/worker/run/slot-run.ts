// One run in one slot, as job code meets it: the same on a thread and on the main loop. Everything
// that most jobs never use (signal, logger) is made on first use.

import {
  AbortReason,
  type Logger,
  type Position,
  type Run,
  type RunJob,
  type StopReason,
  toJobError,
} from "@queue-runtime/job";
import type { Enqueued, NewJob } from "@queue-runtime/store";
import { monotonic } from "../../process/monotonic.ts";
import type { SlotReason, StopFlags } from "./stop-flags.ts";

/** The way from a run to whoever looks after it. */
export interface RunLink {
  readonly flags: StopFlags;
  /** Those of queue.yml, for jobs that name none. */
  readonly interruptionAdapters: readonly string[];
  note(slot: number, position: Position): void;
  save(slot: number, position: Position): Promise<void>;
  enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]>;
  take: Run["take"];
  logger(job: RunJob): Logger;
}

export class SlotRun implements Run {
  readonly job: RunJob;
  readonly #slot: number;
  readonly #link: RunLink;
  #log: Logger | undefined;
  #abort: AbortController | undefined;
  #over = false;

  constructor(job: RunJob, slot: number, link: RunLink) {
    this.job = job;
    this.#slot = slot;
    this.#link = link;
  }

  get log(): Logger {
    this.#log ??= this.#link.logger(this.job);
    return this.#log;
  }

  get slot(): number {
    return this.#slot;
  }

  get isOver(): boolean {
    return this.#over;
  }

  stopping(): StopReason | false {
    return this.#over ? "lost" : this.#link.flags.stopReason(this.#slot);
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      void this.#listen(this.#abort);
    }
    return this.#abort.signal;
  }

  get interruptionAdapters(): readonly string[] {
    return this.#link.interruptionAdapters;
  }

  note(position: Position): void {
    if (!this.#over) this.#link.note(this.#slot, position);
  }

  async save(position: Position): Promise<void> {
    if (this.#over) throw new AbortReason("lost");
    await this.#link.save(this.#slot, position);
  }

  enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
    return this.#link.enqueue(jobs);
  }

  take(...slot: Parameters<Run["take"]>): Promise<number> {
    return this.#link.take(...slot);
  }

  monotonic(): number {
    return monotonic();
  }

  random(): number {
    return Math.random();
  }

  /** A stray error of a run that has ended: nobody who runs now is to blame, and nobody pays. */
  leftBehind(error: unknown): void {
    this.log.error(
      { err: toJobError(error) },
      "a stray error after the end of the run; nothing else is touched",
    );
  }

  /** The slot belongs to somebody else from now on: what job code left behind reaches nobody. */
  end(): void {
    this.#over = true;
  }

  async #listen(abort: AbortController): Promise<void> {
    const flags = this.#link.flags;
    if (!flags.reason(this.#slot)) await flags.changed(this.#slot);
    const reason: SlotReason | null = this.#over ? null : flags.reason(this.#slot);
    if (reason) abort.abort(new AbortReason(reason));
  }
}
