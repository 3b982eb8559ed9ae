// Makes due jobs ready and those whose rate allows it, deletes those kept long enough, prunes
// processes that fell silent, and looks after slots that their holders did not give back.
// It sleeps until the next job is due, so that an idle runtime asks almost nothing.

import type { News, Store } from "@queue-runtime/store";
import type { DispatcherConfig, ProcessConfig } from "./config.ts";
import type { Log } from "./log.ts";
import { monotonic } from "./process/monotonic.ts";
import { Loop } from "./service/loop.ts";
import type { StoreHealth, StoreUser } from "./service/store-health.ts";
import type { Service } from "./service.ts";

/** How long to sleep when nothing is scheduled; a change in the store cuts it short. */
const idleMs = 10_000;
/** How often old jobs are looked for, in milliseconds, while there are none left to delete. */
const clearIntervalMs = 60_000;
/**
 * A heart that failed to beat tries again within this, in milliseconds (see supervisor/heart.ts).
 */
const retryMs = 1_000;

export interface DispatcherOptions {
  readonly config: DispatcherConfig;
  readonly process: ProcessConfig;
  readonly store: Store;
  readonly health: StoreHealth;
  readonly log: Log;
}

export class Dispatcher implements Service {
  readonly #options: DispatcherOptions;
  readonly #due: Loop;
  readonly #rates: Loop;
  readonly #upkeep: Loop;
  readonly #slots: Loop;
  #quiet = false;
  #clearAt = 0;
  /** Who was silent at the last look, and when they had beaten last. */
  #silent: ReadonlyMap<number, number> = new Map();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const [due, rates, upkeep, slots] = [0, 1, 2, 3].map(() => options.health.user()) as FourUsers;
    this.#due = new Loop(() => served(due, this.#dispatch()), due.failed);
    this.#rates = new Loop(() => served(rates, this.#refill()), rates.failed);
    this.#upkeep = new Loop(() => served(upkeep, this.#maintain()), upkeep.failed);
    this.#slots = new Loop(() => served(slots, this.#maintainSlots()), slots.failed);
  }

  async start(): Promise<void> {
    for (const loop of this.#loops) loop.start();
  }

  quiet(on: boolean): void {
    this.#quiet = on;
    this.#wake();
  }

  hear(news: News): void {
    if (news !== "ready") this.#wake();
  }

  /** It runs no jobs. */
  leaseLost(): void {}

  async stop(): Promise<boolean> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    return true;
  }

  get #loops(): readonly Loop[] {
    return [this.#due, this.#rates, this.#upkeep, this.#slots];
  }

  #wake(): void {
    this.#due.wake();
    this.#rates.wake();
  }

  /** A full batch means that more is due: no waiting then. */
  async #dispatch(): Promise<number> {
    const { config, store, log } = this.#options;
    if (this.#quiet) return config.pollingIntervalMs;
    const { moved, nextInMs } = await store.jobs.dispatch(config.batchSize);
    if (moved > 0) {
      log.report({ type: "jobs-dispatched", moved });
      // some of them may wait for a rate
      this.#rates.wake();
    }
    if (moved === config.batchSize) return 0;
    return Math.min(nextInMs ?? idleMs, idleMs);
  }

  /** By itself: what a rate allows is lost where a slot is given late. */
  async #refill(): Promise<number> {
    const { config, store, log } = this.#options;
    if (this.#quiet) return config.pollingIntervalMs;
    const { promoted, nextInMs } = await store.flow.refill();
    if (promoted > 0) log.report({ type: "slots-refilled", promoted });
    return Math.min(nextInMs ?? idleMs, idleMs);
  }

  /** Slots follow by themselves from what happens to jobs; this is for what nobody saw. */
  async #maintainSlots(): Promise<number> {
    const { config, store, log } = this.#options;
    const { freed, promoted } = await store.flow.maintain(config.batchSize);
    if (freed + promoted > 0) log.report({ type: "slots-maintained", freed, promoted });
    return freed >= config.batchSize ? 50 : config.concurrencyMaintenanceIntervalMs;
  }

  async #maintain(): Promise<number> {
    const { process, store } = this.#options;
    const suspects = await this.#prune();
    if (monotonic() >= this.#clearAt) {
      const { config, log } = this.#options;
      const deleted = await store.jobs.clear(config.retention, config.batchSize);
      if (deleted > 0) log.report({ type: "jobs-cleared", deleted });
      if (deleted === config.batchSize) return 50;
      this.#clearAt = monotonic() + clearIntervalMs;
    }
    return suspects
      ? Math.min(retryMs, process.heartbeatIntervalMs) * 1.5
      : process.aliveThresholdMs / 2;
  }

  /**
   * Silence proves nothing while the store was frozen or full: nobody could beat. So only those are
   * pruned that have not beaten either since a look before, after which they could.
   */
  async #prune(): Promise<boolean> {
    const { process, store, log } = this.#options;
    const before = this.#silent;
    this.#silent = new Map();
    const silent = await store.processes.silent(process.aliveThresholdMs);
    this.#silent = new Map(silent.map(({ id, heartbeatAt }) => [id, heartbeatAt]));
    const dead = silent.filter(({ id, heartbeatAt }) => before.get(id) === heartbeatAt);
    const ids = dead.map(({ id }) => id);
    if (ids.length === 0) return silent.length > 0;
    for (const pruned of await store.processes.prune(process.aliveThresholdMs, ids)) {
      const { name, pid, host } = pruned.process;
      const { silentMs, jobs } = pruned;
      log.report({ type: "process-pruned", name, pid, host, silentMs, jobs: jobs.length });
    }
    return silent.length > ids.length;
  }
}

type FourUsers = [StoreUser, StoreUser, StoreUser, StoreUser];

async function served(user: StoreUser, poll: Promise<number>): Promise<number> {
  const ms = await poll;
  user.succeeded();
  return ms;
}
