// A worker: claims what fits, starts it in free slots, settles what ended. Jobs run elsewhere (see
// runner.ts); this thread only watches, so that a stop, a cancel or a time-out is acted on at once.

import { type Outcome, type Position, TimeoutError, toJobError } from "@queue-runtime/job";
import type { Claim, Enqueued, Job, JobError, NewJob, Store, Watch } from "@queue-runtime/store";
import type { WorkerConfig } from "./config.ts";
import type { LineLevel } from "./log/lines.ts";
import type { Log } from "./log.ts";
import type { Definitions } from "./modules.ts";
import type { Timetable } from "./process/deadline.ts";
import { monotonic } from "./process/monotonic.ts";
import type { Service } from "./service.ts";
import { Drain } from "./worker/drain.ts";
import { Execution } from "./worker/execution.ts";
import type { FlightRecorder } from "./worker/flight-recorder.ts";
import { outcomeOfCrash, reportOutcome } from "./worker/outcomes.ts";
import { Positions } from "./worker/positions.ts";
import { Prefetch } from "./worker/prefetch.ts";
import type { Runner, RunnerListener } from "./worker/runner.ts";
import { Slots } from "./worker/slots.ts";
import { Turns, type TurnsOwner } from "./worker/turns.ts";

/** How long a run that timed out may still take to clean up, before its thread is ended. */
const timeoutGraceMs = 2_000;

export interface WorkerOptions {
  readonly config: WorkerConfig;
  readonly processId: number;
  readonly store: Store;
  readonly definitions: Definitions;
  readonly log: Log;
  readonly recorder: FlightRecorder;
  readonly makeRunner: (listener: RunnerListener) => Runner;
  /** This process cannot go on: it lost its registration, or its threads. */
  readonly giveUp: (cause: string) => void;
}

export class Worker implements Service, RunnerListener, TurnsOwner {
  readonly processId: number;
  readonly runner: Runner;
  readonly turns: Turns;
  readonly slots: Slots;
  readonly options: WorkerOptions;
  readonly #positions: Positions;
  readonly #drain: Drain;
  readonly #prefetch = new Prefetch();
  readonly #names: readonly string[];
  #watch: Watch | undefined;
  #poll: NodeJS.Timeout | undefined;
  #quiet = false;
  /** Something claimable may be in the store. */
  #hungry = true;
  #started = false;

  constructor(options: WorkerOptions) {
    this.options = options;
    this.processId = options.processId;
    this.#names = [...options.definitions.keys()];
    this.turns = new Turns(options.store, this);
    this.runner = options.makeRunner(this);
    this.slots = new Slots(this.runner.slots);
    this.#positions = new Positions(this.slots, this.turns, options.log);
    this.#drain = new Drain(this);
  }

  async start(): Promise<void> {
    await this.runner.ready;
    const { store, config } = this.options;
    if (this.isStopping) return;
    this.#started = true;
    const pollMs = config.pollingIntervalMs;
    this.#watch = store.watch(() => this.look(), { pollMs, eager: true });
    // for what no commit announces: a suspect that a busy worker may take after a while
    this.#poll = setInterval(() => this.slots.isIdle || this.look(), pollMs);
    this.look();
  }

  quiet(on: boolean): void {
    this.#quiet = on;
    if (on) this.slots.takeWaiting().forEach((execution) => this.release(execution));
    else this.look();
  }

  stop(times: Timetable, cause: string): Promise<boolean> {
    this.runner.flags.raiseStopping();
    return this.#drain.run(times, cause);
  }

  get isStopping(): boolean {
    return this.runner.flags.isStopping;
  }

  /** The store may hold something for this worker: a job, or the wish to cancel one. */
  look(): void {
    this.#hungry = true;
    if (this.#started) this.turns.request({ look: true });
  }

  /** Nothing more is claimed and nobody is woken; settling goes on. */
  stopClaiming(): void {
    this.#started = false;
    this.#watch?.close();
    clearInterval(this.#poll);
    this.#prefetch.nothingWaits();
  }

  // What the turns ask and tell

  wanted(): Claim | null {
    if (!this.#started || !this.#hungry || this.#quiet || this.isStopping) return null;
    if (this.slots.hasSuspect) return null;
    const limit = this.slots.open + this.#prefetch.ahead(this.runner.slots);
    if (limit <= 0) return null;
    const { queues } = this.options.config;
    const idle = this.slots.isIdle;
    const noSuspects = !idle && this.#prefetch.isTiredOfSuspects(monotonic());
    return { queues, names: this.#names, limit, idle, noSuspects };
  }

  claimed(jobs: readonly Job[], claim: Claim): void {
    for (const job of jobs) {
      const definition = this.options.definitions.get(job.name);
      if (!definition) throw new Error(`the store handed out ${job.name}, which nobody asked for`);
      this.slots.add(new Execution(job, definition));
    }
    // a suspect comes alone, however much is ready
    this.#hungry = jobs.length >= claim.limit || this.slots.hasSuspect;
    this.#pump();
  }

  refused(id: number, fence: number): void {
    const execution = this.slots.find(id);
    if (execution?.job.fence !== fence) {
      return this.options.log.report({ type: "write-refused", id, fence });
    }
    if (execution.abandoned) return;
    this.options.log.report({ type: "job-refused", job: execution.job, reason: "lost" });
    this.runner.flags.raise(execution.slot, "lost");
    execution.abandon();
  }

  cancelRequested(id: number): void {
    const execution = this.slots.find(id);
    if (execution?.state === "running") this.runner.flags.raise(execution.slot, "cancel");
    if (execution?.state === "waiting") this.release(this.slots.remove(execution));
  }

  evicted(): void {
    this.options.log.report({ type: "worker-evicted" });
    // whoever removed the registration took the jobs with it
    for (const execution of this.slots.running) {
      this.refused(execution.job.id, execution.job.fence);
    }
    this.options.giveUp("no longer registered");
  }

  trouble(message: string): void {
    this.options.log.report({ type: "store-trouble", message });
  }

  wellAgain(ms: number): void {
    this.options.log.report({ type: "store-well", ms });
    this.look();
  }

  // What the runner tells

  ended(slot: number, outcome: Outcome): void {
    const execution = this.#vacate(slot);
    if (execution && !execution.abandoned) {
      this.#prefetch.ended(execution.ms);
      this.settle(execution, outcome);
    }
    this.#pump();
  }

  crashed(slot: number, error: JobError): void {
    const execution = this.slots.at(slot);
    if (!execution) return;
    this.settle(execution, outcomeOfCrash(execution, error));
    // On the main loop the promise of the run may still be pending: its slot stays taken.
    if (this.options.config.threads > 0) this.#vacate(slot);
    else execution.abandon();
    this.#pump();
  }

  swept(slot: number, suspect: boolean): void {
    const execution = this.#vacate(slot);
    if (execution && !execution.abandoned)
      this.release(execution, suspect ? "crashed" : "released");
    this.#pump();
  }

  noted(slot: number, position: Position): void {
    this.#positions.noted(slot, position);
  }

  save(slot: number, position: Position): Promise<void> {
    return this.#positions.save(slot, position);
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
    const enqueued = await this.options.store.jobs.enqueue(jobs);
    // the watch only sees what other connections commit
    this.look();
    return enqueued;
  }

  logged(level: LineLevel, fields: object, message: string): void {
    this.options.log.write(level, fields, message);
  }

  threadLost(thread: number, message: string): void {
    this.options.log.report({ type: "thread-lost", thread, message });
  }

  threadsUnusable(error: unknown): void {
    this.options.giveUp(`threads cannot be replaced: ${toJobError(error).message}`);
  }

  // One execution

  settle(execution: Execution, outcome: Outcome): void {
    if (execution.state === "over") return;
    reportOutcome(this.options.log, execution, outcome);
    this.turns.settle(execution.settle(outcome));
    // what goes back to ready by our own hand is not announced by the watch
    if (outcome.outcome === "interrupted" || outcome.outcome === "failed") this.#hungry = true;
  }

  release(execution: Execution, outcome: "released" | "crashed" = "released"): void {
    if (execution.state === "over") return;
    this.turns.settle(execution.settle({ outcome }));
    this.#hungry = true;
  }

  #pump(): void {
    for (let next = this.slots.next(); next; next = this.slots.next()) {
      const { execution, slot } = next;
      if (this.isStopping || this.#quiet) this.release(execution);
      else this.#begin(execution, slot);
    }
    if (this.slots.waiting === 0) this.#prefetch.nothingWaits();
    else this.#prefetch.somethingWaits(this.slots.suspectWaits, () => this.#handBackAhead());
  }

  #begin(execution: Execution, slot: number): void {
    const { recorder, log } = this.options;
    this.slots.occupy(slot, execution);
    execution.begin(slot);
    recorder.started(slot, execution.job);
    log.report({ type: "job-started", job: execution.job });
    const { timeoutMs } = execution.definition;
    if (timeoutMs !== null) execution.limit(timeoutMs, () => this.#timedOut(execution));
    this.runner.start(slot, execution.job);
  }

  #vacate(slot: number): Execution | null {
    this.options.recorder.ended(slot);
    const execution = this.slots.vacate(slot);
    if (this.slots.waiting === 0) this.turns.request();
    this.#drain.changed();
    return execution;
  }

  #handBackAhead(): void {
    const now = monotonic();
    if (!this.#prefetch.isTooLate(this.slots.oldestRunMs(now))) return this.#pump();
    if (this.slots.suspectWaits) this.#prefetch.gaveUpOnSuspect(now);
    this.slots.takeWaiting().forEach((execution) => this.release(execution));
  }

  #timedOut(execution: Execution): void {
    this.runner.flags.raise(execution.slot, "timeout");
    execution.timeout = setTimeout(() => this.#endByForce(execution), timeoutGraceMs);
  }

  #endByForce(execution: Execution): void {
    const ms = execution.definition.timeoutMs;
    const error = new TimeoutError(`took longer than ${ms} ms and did not end when told to`);
    this.settle(execution, outcomeOfCrash(execution, toJobError(error)));
    execution.abandon();
    if (!this.runner.terminate(execution.slot)) return;
    this.#vacate(execution.slot);
    this.#pump();
  }
}
