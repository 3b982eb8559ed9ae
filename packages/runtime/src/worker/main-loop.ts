// Jobs on the worker's own main loop (`threads: 0`): for I/O-bound work, where a thread would only
// add a hop. A job that blocks here blocks the worker; its watchdog still answers.

import { AsyncLocalStorage } from "node:async_hooks";
import { type JobDefinition, perform, type RunJob, toJobError } from "@queue-runtime/job";
import type { Definitions } from "../modules.ts";
import { type RunLink, SlotRun } from "./run/slot-run.ts";
import { StopFlags } from "./run/stop-flags.ts";
import type { Runner, RunnerListener } from "./runner.ts";

export class MainLoop implements Runner {
  readonly slots: number;
  readonly flags: StopFlags;
  readonly ready: Promise<void> = Promise.resolve();
  readonly #definitions: Definitions;
  readonly #listener: RunnerListener;
  readonly #link: RunLink;
  readonly #current = new AsyncLocalStorage<SlotRun>();
  readonly #onUncaught = (error: unknown): void => this.#uncaught(error);

  constructor(options: {
    concurrency: number;
    interruptionAdapters: readonly string[];
    definitions: Definitions;
    listener: RunnerListener;
    logger: RunLink["logger"];
  }) {
    this.slots = options.concurrency;
    this.flags = new StopFlags(this.slots);
    this.#definitions = options.definitions;
    this.#listener = options.listener;
    this.#link = {
      flags: this.flags,
      interruptionAdapters: options.interruptionAdapters,
      note: (slot, position) => this.#listener.noted(slot, position),
      save: (slot, position) => this.#listener.save(slot, position),
      enqueue: (jobs) => this.#listener.enqueue(jobs),
      take: (key, rate) => this.#listener.take(key, rate),
      logger: options.logger,
    };
    process.on("uncaughtException", this.#onUncaught);
  }

  start(slot: number, job: RunJob): void {
    const definition = this.#definitions.get(job.name);
    if (!definition) throw new Error(`no code for ${job.name}: it should not have been claimed`);
    const run = new SlotRun(job, slot, this.#link);
    this.flags.clear(slot);
    this.#current.run(run, () => void this.#perform(slot, run, definition));
  }

  terminate(): boolean {
    return false;
  }

  async close(): Promise<void> {
    process.off("uncaughtException", this.#onUncaught);
  }

  async #perform(slot: number, run: SlotRun, definition: JobDefinition): Promise<void> {
    const outcome = await perform(definition, run);
    run.end();
    this.#listener.ended(slot, outcome);
  }

  /** A stray error of a job fails that job; one of nobody ends the process, as Node would. */
  #uncaught(error: unknown): void {
    const run = this.#current.getStore();
    if (!run) throw error;
    if (run.isOver) return run.leftBehind(error);
    const { slot, job } = run;
    const data = toJobError(error);
    this.flags.raise(slot, "lost");
    this.#listener.threadLost(0, `a stray error of ${job.name} #${job.id}: ${data.message}`);
    this.#listener.crashed(slot, data);
  }
}
