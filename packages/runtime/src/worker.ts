// A worker: claims what fits, starts it in free slots, settles what ended. Jobs run elsewhere (see
// runner.ts); this thread only watches, so that a stop, a cancel or a time-out is acted on at once.

import {
  Interrupt,
  type Outcome,
  type Position,
  type Run,
  TimeoutError,
  toJobError,
} from "@queue-runtime/job";
import type { Enqueued, JobError, NewJob, News, Store } from "@queue-runtime/store";
import type { WorkerConfig } from "./config.ts";
import type { LineLevel } from "./log/lines.ts";
import type { Log } from "./log.ts";
import type { Definitions } from "./modules.ts";
import type { Timetable } from "./process/deadline.ts";
import { isAway, type StoreHealth } from "./service/store-health.ts";
import type { Service } from "./service.ts";
import { Claims } from "./worker/claims.ts";
import { Drain } from "./worker/drain.ts";
import type { Execution } from "./worker/execution.ts";
import type { FlightRecorder } from "./worker/flight-recorder.ts";
import { outcomeOfCrash, reportOutcome } from "./worker/outcomes.ts";
import { Positions } from "./worker/positions.ts";
import type { Runner, RunnerListener } from "./worker/runner.ts";
import { isSuspect, Slots } from "./worker/slots.ts";
import { Turns } from "./worker/turns.ts";

/** How long a run that timed out may still take to clean up, before its thread is ended. */
const timeoutGraceMs = 2_000;

export interface WorkerOptions {
  readonly config: WorkerConfig;
  readonly processId: number;
  readonly store: Store;
  readonly health: StoreHealth;
  readonly definitions: Definitions;
  readonly log: Log;
  readonly recorder: FlightRecorder;
  readonly makeRunner: (listener: RunnerListener) => Runner;
  /** This process cannot go on: it lost its registration, or its threads. */
  readonly giveUp: (cause: string) => void;
}

export class Worker implements Service, RunnerListener {
  readonly runner: Runner;
  readonly claims: Claims;
  readonly turns: Turns;
  readonly slots: Slots;
  readonly options: WorkerOptions;
  readonly #positions: Positions;
  readonly #drain: Drain;
  #quiet = false;
  #leaseLost = false;

  constructor(options: WorkerOptions) {
    this.options = options;
    this.claims = new Claims(this);
    this.turns = new Turns(options.store, options.health, this.claims);
    this.runner = options.makeRunner(this);
    this.slots = new Slots(this.runner.slots);
    this.#positions = new Positions(this.slots, this.turns, options.log);
    this.#drain = new Drain(this);
  }

  async start(): Promise<void> {
    await this.runner.ready;
    if (!this.isStopping) this.claims.start();
  }

  hear(news: News): void {
    this.claims.appetite.hear(news);
  }

  quiet(on: boolean): void {
    this.#quiet = on;
    if (on) this.claims.handBack();
    else this.claims.look();
  }

  leaseLost(lost: boolean): void {
    this.#leaseLost = lost;
    const { flags } = this.runner;
    for (const { slot } of lost ? this.slots.running : []) {
      // one that is to end already goes on to end for that reason
      if (!flags.reason(slot)) flags.raise(slot, "lost");
    }
    this.turns.keepNobodyWaiting(lost);
    if (lost) this.claims.handBack();
    else this.claims.look();
  }

  stop(times: Timetable, cause: string): Promise<boolean> {
    this.runner.flags.raiseStopping();
    return this.#drain.run(times, cause);
  }

  get isStopping(): boolean {
    return this.runner.flags.isStopping;
  }

  // What the runner tells

  ended(slot: number, outcome: Outcome): void {
    const execution = this.#vacate(slot);
    if (execution && !execution.abandoned) {
      this.claims.ended(execution.ms);
      this.settle(execution, outcome);
    }
    this.pump();
  }

  crashed(slot: number, error: JobError): void {
    const execution = this.slots.at(slot);
    if (!execution) return;
    this.settle(execution, outcomeOfCrash(execution, error));
    // On the main loop the promise of the run may still be pending: its slot stays taken.
    if (this.options.config.threads > 0) this.#vacate(slot);
    else execution.abandon();
    this.pump();
  }

  swept(slot: number, suspect: boolean): void {
    const execution = this.#vacate(slot);
    if (execution && !execution.abandoned)
      this.release(execution, suspect ? "crashed" : "released");
    this.pump();
  }

  noted(slot: number, position: Position): void {
    this.#positions.noted(slot, position);
  }

  save(slot: number, position: Position): Promise<void> {
    return this.#positions.save(slot, position);
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
    try {
      return await this.options.store.jobs.enqueue(jobs).catch(asInterrupt);
    } finally {
      // the watch only sees what other connections commit
      this.claims.look();
    }
  }

  take(...slot: Parameters<Run["take"]>): Promise<number> {
    return this.options.store.flow.take(...slot).catch(asInterrupt);
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

  get beginsNothing(): boolean {
    return this.#quiet || this.#leaseLost || this.isStopping;
  }

  // One execution

  settle(execution: Execution, outcome: Outcome): void {
    if (execution.state === "over") return;
    reportOutcome(this.options.log, execution, outcome);
    this.turns.settle(execution.settle(outcome));
    // what goes back to ready by our own hand is not announced by the watch
    const mayBeReady = outcome.outcome === "interrupted" || outcome.outcome === "failed";
    // and what waits for its slot may be claimed with the turn that frees it
    if (mayBeReady || execution.job.concurrencyKey !== null) this.claims.appetite.whet();
  }

  release(execution: Execution, outcome: "released" | "crashed" = "released"): void {
    if (execution.state === "over") return;
    this.turns.settle(execution.settle({ outcome }));
    this.claims.appetite.whet();
  }

  /** Begins what waits, as far as there are slots. */
  pump(): void {
    for (let next = this.slots.next(); next; next = this.slots.next()) {
      const { execution, slot } = next;
      if (this.beginsNothing) this.release(execution);
      else this.#begin(execution, slot);
    }
    this.claims.limitPatience();
  }

  #begin(execution: Execution, slot: number): void {
    const { recorder, log } = this.options;
    this.slots.occupy(slot, execution);
    execution.begin(slot);
    if (isSuspect(execution)) recorder.sweep();
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
    this.pump();
  }
}

/** No fault of the job: unless it knows better, its run ends here, and no attempt is spent. */
function asInterrupt(error: unknown): never {
  throw isAway(error) ? new Interrupt((error as Error).message) : error;
}
