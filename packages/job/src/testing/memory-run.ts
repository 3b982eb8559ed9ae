// A run without a runtime: what one job sees in a test. It keeps what the job noted, saved and
// enqueued, and can be told to stop.

import type { Enqueued, Json, NewJob } from "@queue-runtime/store";
import { AbortReason } from "../errors.ts";
import type { Position } from "../outcome.ts";
import type { Logger, Run, RunJob, StopReason } from "../run.ts";

export interface MemoryRunOptions {
  /** Parts of the row; a first run of a job named `test` where they are absent. */
  readonly job?: Partial<RunJob>;
  /** Silent by default. */
  readonly log?: Logger;
  /** The run is asked to stop once so many cursors were noted; never by default. */
  readonly interruptAfter?: number | null;
  /** Where enqueued jobs go; only `enqueued` by default. */
  readonly enqueue?: Run["enqueue"];
  /** Slots of rates are always free by default; the keys asked for are in `taken`. */
  readonly take?: Run["take"];
  /** `performance.now` by default. */
  readonly monotonic?: () => number;
  /** Names of interruption adapters of the runtime. */
  readonly interruptionAdapters?: readonly string[];
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const firstRun: RunJob = {
  id: 1,
  name: "test",
  queue: "default",
  args: null,
  priority: 0,
  attempts: 1,
  interruptions: 0,
  crashes: 0,
  fence: 1,
  cursor: null,
  progress: { done: 0, total: null },
  label: null,
  batchId: null,
  runAt: 0,
  createdAt: 0,
};

export class MemoryRun implements Run {
  readonly job: RunJob;
  readonly log: Logger;
  readonly interruptionAdapters: readonly string[];
  /** Cursors noted so far, newest last. */
  readonly cursors: Json[] = [];
  /** Positions saved by `checkpoint`. */
  readonly saved: Position[] = [];
  readonly enqueued: NewJob[] = [];
  /** Keys of the rates that slots were asked of. */
  readonly taken: string[] = [];
  readonly #options: MemoryRunOptions;
  readonly #abort = new AbortController();
  #reason: StopReason | false = false;

  constructor(options: MemoryRunOptions = {}) {
    this.#options = options;
    this.job = { ...firstRun, ...options.job };
    this.log = options.log ?? silent;
    this.interruptionAdapters = options.interruptionAdapters ?? ["runtime"];
  }

  /** Asks the run to end. */
  stop(reason: StopReason = "stop"): void {
    this.#reason = reason;
    if (reason !== "stop") this.#abort.abort(new AbortReason(reason));
  }

  /** A shutdown that can wait no longer. */
  abort(): void {
    this.#reason = "stop";
    this.#abort.abort(new AbortReason("shutdown"));
  }

  stopping(): StopReason | false {
    if (this.#reason !== false) return this.#reason;
    return this.cursors.length >= (this.#options.interruptAfter ?? Infinity) && "stop";
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  note({ cursor }: Position): void {
    if (cursor !== undefined) this.cursors.push(cursor);
  }

  async save(position: Position): Promise<void> {
    if (this.#reason === "lost") throw new AbortReason("lost");
    this.saved.push(position);
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
    this.enqueued.push(...jobs);
    if (this.#options.enqueue !== undefined) return this.#options.enqueue(jobs);
    return jobs.map((_, index) => ({ id: index + 1, outcome: "created" }));
  }

  async take(...[key, rate]: Parameters<Run["take"]>): Promise<number> {
    this.taken.push(key);
    return (await this.#options.take?.(key, rate)) ?? 0;
  }

  monotonic(): number {
    return (this.#options.monotonic ?? performance.now.bind(performance))();
  }

  /** No chance: a test that waits for the delay of a retry knows exactly how long. */
  random(): number {
    return 0;
  }
}
