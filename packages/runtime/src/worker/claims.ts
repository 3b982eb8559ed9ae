// What a worker wants of the store, and what becomes of the answers to its turns: which jobs come,
// which are handed back, which are lost to somebody else.

import type { Claim, Held, TurnAnswer } from "@queue-runtime/store";
import { monotonic } from "../process/monotonic.ts";
import type { Worker } from "../worker.ts";
import { Appetite } from "./claims/appetite.ts";
import { gateMissing } from "./claims/gate-missing.ts";
import { LookAhead } from "./claims/look-ahead.ts";
import { Prefetch } from "./claims/prefetch.ts";
import { Execution } from "./execution.ts";
import type { TurnsOwner } from "./turns.ts";

/** Jobs in one claim: it holds locks for as long as it takes. */
const mostAtOnce = 500;
/** From so many on, running them takes about as long as a round trip. */
const many = 50;

export class Claims implements TurnsOwner {
  readonly processId: number;
  readonly appetite: Appetite;
  readonly #worker: Worker;
  readonly #prefetch: Prefetch;
  readonly #lookAhead: LookAhead;
  readonly #names: readonly string[];
  #started = false;
  #watching = false;
  #evicted = false;

  constructor(worker: Worker) {
    const { processId, definitions, store, config } = worker.options;
    this.#worker = worker;
    this.processId = processId;
    this.#prefetch = new Prefetch(store.shared);
    this.#names = [...definitions.keys()];
    this.#lookAhead = new LookAhead(store, definitions, () => this.look());
    this.appetite = new Appetite({
      store,
      pollMs: config.pollingIntervalMs,
      isIdle: () => worker.slots.isIdle,
      look: () => this.look(),
    });
  }

  start(): void {
    this.#started = true;
    this.#watching = true;
    this.appetite.start();
    this.look();
  }

  /** Nothing more is claimed. What runs on may still be cancelled; settling goes on. */
  stop(): void {
    this.#started = false;
    this.#lookAhead.stop();
    this.#prefetch.nothingWaits();
  }

  /** Once nothing runs any more: nobody is woken. */
  close(): void {
    this.#watching = false;
    this.appetite.stop();
  }

  /** The store may hold something for this worker: a job, or the wish to cancel one. */
  look(): void {
    this.appetite.whet();
    if (this.#watching) this.#worker.turns.request({ look: true });
  }

  /** What was claimed and waits for a slot. */
  handBack(): void {
    for (const execution of this.#worker.slots.takeWaiting()) this.#worker.release(execution);
  }

  /** A run ended after so long. */
  ended(ms: number): void {
    this.#prefetch.ended(ms);
  }

  /** All that can run does: what still waits does so for a while only. */
  limitPatience(): void {
    const { slots } = this.#worker;
    if (slots.waiting === 0) this.#prefetch.nothingWaits();
    else this.#prefetch.somethingWaits(slots.suspectWaits, () => this.#handBackAhead());
  }

  #handBackAhead(): void {
    const { slots } = this.#worker;
    const now = monotonic();
    if (!this.#prefetch.isTooLate(slots.oldestRunMs(now))) return this.#worker.pump();
    if (slots.suspectWaits) this.#prefetch.gaveUpOnSuspect(now);
    this.handBack();
  }

  // What the turns ask and tell

  wanted(): Claim | null {
    const { slots, runner, options, beginsNothing } = this.#worker;
    if (!this.#started || !this.appetite.isHungry || beginsNothing) return null;
    if (slots.hasSuspect || this.#lookAhead.isUnderWay) return null;
    const limit = Math.min(mostAtOnce, slots.open + this.#prefetch.ahead(runner.slots));
    if (limit <= 0) return null;
    const { queues } = options.config;
    const idle = slots.isIdle;
    const noSuspects = !idle && this.#prefetch.isTiredOfSuspects(monotonic());
    return { queues, names: this.#names, limit, idle, noSuspects };
  }

  asked(): void {
    this.appetite.asked();
  }

  held(): readonly Held[] {
    return this.#worker.slots.all
      .filter((execution) => execution.state !== "over" && !execution.abandoned)
      .map(({ job: { id, fence } }) => ({ id, fence }));
  }

  claimed({ claimed, more }: TurnAnswer): void {
    const { slots, options, turns } = this.#worker;
    for (const job of claimed) {
      const definition = options.definitions.get(job.name);
      if (!definition) throw new Error(`the store handed out ${job.name}, which nobody asked for`);
      const end = gateMissing(job, definition, options.log);
      if (end) {
        turns.settle(end);
        this.#lookAhead.met();
      } else slots.add(new Execution(job, definition));
    }
    // a suspect comes alone, however much is ready
    this.appetite.fed(claimed.length, more || slots.hasSuspect);
    if (options.store.shared && more && claimed.length >= many) {
      // the server looks for the next while these run
      turns.request();
      setImmediate(() => this.#worker.pump());
      return;
    }
    this.#worker.pump();
    if (more && claimed.length > 0 && slots.open > 0) turns.request();
  }

  refused(id: number, fence: number): void {
    const { slots, runner, options } = this.#worker;
    const execution = slots.find(id);
    if (execution?.job.fence !== fence) {
      return options.log.report({ type: "write-refused", id, fence });
    }
    if (execution.abandoned) return;
    options.log.report({ type: "job-refused", job: execution.job, reason: "lost" });
    runner.flags.raise(execution.slot, "lost");
    execution.abandon();
  }

  cancelRequested(id: number): void {
    const { slots, runner } = this.#worker;
    const execution = slots.find(id);
    if (execution?.state === "running") runner.flags.raise(execution.slot, "cancel");
    if (execution?.state === "waiting") this.#worker.release(slots.remove(execution));
  }

  evicted(): void {
    if (this.#evicted) return;
    this.#evicted = true;
    const { slots, options } = this.#worker;
    options.log.report({ type: "worker-evicted" });
    // whoever removed the registration took the jobs with it
    for (const { job } of slots.running) this.refused(job.id, job.fence);
    options.giveUp("no longer registered");
  }

  madeReady(): void {
    this.look();
  }

  wellAgain(): void {
    this.look();
  }
}
