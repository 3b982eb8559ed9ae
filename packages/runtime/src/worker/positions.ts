// Where running jobs stand, and when that is written down: no later than `checkpoint.every` after the
// last time, and at once when a job asks for it.

import type { Position } from "@queue-runtime/job";
import type { Log } from "../log.ts";
import type { Execution } from "./execution.ts";
import type { Slots } from "./slots.ts";
import type { Turns } from "./turns.ts";

/** For progress and cursors of plain jobs, in milliseconds. */
const plainEveryMs = 1_000;

export class Positions {
  readonly #slots: Slots;
  readonly #turns: Turns;
  readonly #log: Log;

  constructor(slots: Slots, turns: Turns, log: Log) {
    this.#slots = slots;
    this.#turns = turns;
    this.#log = log;
  }

  noted(slot: number, position: Position): void {
    const execution = this.#slots.at(slot);
    if (!execution || execution.abandoned) return;
    execution.noted(position);
    this.#saveInTime(execution);
  }

  /** Resolves when it is stored; rejects when the run no longer holds its job. */
  async save(slot: number, position: Position): Promise<void> {
    const execution = this.#slots.at(slot);
    if (!execution || execution.abandoned) throw new Error("this run no longer holds its job");
    execution.noted(position);
    await this.#turns.save(execution.takeCheckpoint()!);
  }

  #saveInTime(execution: Execution): void {
    const everyMs = execution.definition.iteration?.checkpointEveryMs ?? plainEveryMs;
    const wait = execution.saveDueInMs(everyMs);
    if (wait === null || execution.saving) return;
    execution.saving = setTimeout(() => {
      execution.saving = undefined;
      this.#save(execution);
    }, wait);
  }

  #save(execution: Execution): void {
    const checkpoint = execution.state === "running" ? execution.takeCheckpoint() : null;
    if (!checkpoint || execution.abandoned) return;
    this.#turns.checkpoint(checkpoint);
    const { progress } = checkpoint;
    if (progress) this.#log.report({ type: "job-progress", job: execution.job, ...progress });
  }
}
