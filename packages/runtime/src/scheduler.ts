// Enqueues jobs by the clock. What there is to do stands in the store, where files, code and people
// put it; here is only computed when it is due. That each tick is recorded once, with its job, in
// one transaction, is the store's doing: any number of schedulers may run, and the first one wins.
//
// It sleeps until the next tick, and looks at its tasks again when the store has news, so that an
// idle runtime asks almost nothing. Every look computes from the last recorded tick, never from a
// timer, so that no tick is enqueued early, twice, or forgotten because a timer was late.

import { type RecurringTask, type Store, StoreError } from "@queue-runtime/store";
import type { SchedulerConfig } from "./config.ts";
import type { Log } from "./log.ts";
import { Attendance, absenceMs } from "./scheduler/attendance.ts";
import { Calendar } from "./scheduler/calendar.ts";
import { type DueTicks, mostMissed } from "./scheduler/due-ticks.ts";
import { StoreClock } from "./scheduler/store-clock.ts";
import { Loop } from "./service/loop.ts";
import { isAway, type StoreHealth, type StoreUser } from "./service/store-health.ts";
import type { Service } from "./service.ts";

/** The clock is asked again after so long, in milliseconds: somebody may have set it. */
const usualClockMs = 60_000;
/** A tick is missed, too, when nobody reached the store within so long; milliseconds. */
const latenessMs = 60_000;
/** Where changes are announced, one look serves all of the last so many milliseconds. */
const newsMs = 250;
/** So many ticks of one task at a time: another one may be due meanwhile. */
const ticksAtOnce = 50;

export interface SchedulerOptions {
  readonly config: Pick<SchedulerConfig, "pollingIntervalMs">;
  readonly store: Store;
  readonly health: StoreHealth;
  readonly log: Log;
  /** When its predecessor under the same supervisor died, by the monotonic clock; or null. */
  readonly vacantSince: number | null;
  /** How long the store's clock is believed in before it is asked again; a minute by default. */
  readonly clockMs?: number;
}

interface Due extends DueTicks {
  readonly task: RecurringTask;
}

export class Scheduler implements Service {
  readonly #options: SchedulerOptions;
  readonly #clock: StoreClock;
  readonly #attendance: Attendance;
  readonly #calendar: Calendar;
  readonly #user: StoreUser;
  readonly #loop: Loop;
  readonly #clockMs: number;
  #news: NodeJS.Timeout | undefined;
  #quiet = false;
  #stopped = false;

  constructor(options: SchedulerOptions) {
    const { store, health, log } = options;
    this.#options = options;
    this.#clock = new StoreClock(() => store.recurring.now());
    this.#attendance = new Attendance(options.vacantSince);
    this.#calendar = new Calendar(({ key: task }, message) =>
      log.report({ type: "task-unusable", task, message }),
    );
    this.#clockMs = options.clockMs ?? usualClockMs;
    this.#user = health.user();
    this.#loop = new Loop(
      () => this.#look(),
      (error) => this.#attendance.leave(this.#user.failed(error)),
    );
  }

  async start(): Promise<void> {
    this.#loop.start();
  }

  quiet(on: boolean): void {
    // what came due meanwhile was missed
    if (this.#quiet && !on) this.#attendance.begin();
    this.#quiet = on;
    this.#loop.wake();
  }

  hear(): void {
    this.#news ??= setTimeout(() => {
      this.#news = undefined;
      this.#loop.wake();
    }, newsMs);
  }

  /** It runs no jobs. */
  leaseLost(): void {}

  async stop(): Promise<boolean> {
    this.#stopped = true;
    clearTimeout(this.#news);
    await this.#loop.stop();
    return true;
  }

  async #look(): Promise<number> {
    this.#attendance.arrive();
    const wait = await this.#tickWhatIsDue();
    this.#user.succeeded();
    return this.#attendance.leave(wait);
  }

  async #tickWhatIsDue(): Promise<number> {
    if (this.#quiet) return this.#clockMs;
    if (this.#clock.ageMs > this.#clockMs) await this.#askClock();
    const tasks = await this.#options.store.recurring.list();
    this.#calendar.keep(tasks);
    // what seems due is due when the store says so
    if (this.#due(tasks).length > 0) await this.#askClock();
    let next = this.#nextLook(tasks);
    const due = this.#due(tasks);
    await this.#tickAll(due);
    if (due.some(({ ticks }) => ticks.length > ticksAtOnce)) next = 0;
    return Math.max(0, next - this.#clock.now);
  }

  /**
   * A tick may wait in vain for somebody's open transaction; that is no reason for others to wait.
   * Where a second one gets nowhere either, the store is away.
   */
  async #tickAll(all: readonly Due[]): Promise<void> {
    let first: unknown;
    for (const due of all) {
      try {
        await this.#tick(due);
      } catch (error) {
        if (first !== undefined || !isAway(error)) throw error;
        first = error;
      }
    }
    if (first !== undefined) throw first;
  }

  /** A clock that was set, or a machine that slept, is an absence of everybody. */
  async #askClock(): Promise<void> {
    if (Math.abs(await this.#clock.refresh()) > absenceMs) this.#attendance.begin();
  }

  /** Those with the least to make up for first: they must not wait for the others. */
  #due(tasks: readonly RecurringTask[]): readonly Due[] {
    const { now } = this.#clock;
    const attendedSince = now - Math.min(this.#attendance.ms, latenessMs);
    return tasks
      .map((task) => ({ task, ...this.#calendar.due(task, { attendedSince, now }) }))
      .filter(({ ticks }) => ticks.length > 0)
      .sort((a, b) => a.missed - b.missed);
  }

  /** By the store's clock: at the next tick, or when tasks may have changed unannounced. */
  #nextLook(tasks: readonly RecurringTask[]): number {
    const { store, config } = this.#options;
    const { now } = this.#clock;
    const pollMs = Math.min(this.#clockMs, store.shared ? config.pollingIntervalMs : this.#clockMs);
    return tasks.reduce(
      (soonest, task) => Math.min(soonest, this.#calendar.next(task, now) ?? soonest),
      now + pollMs,
    );
  }

  async #tick({ task, ticks, truncated }: Due): Promise<void> {
    const { log } = this.#options;
    let told = !truncated;
    for (const at of ticks.slice(0, ticksAtOnce)) {
      if (this.#stopped) return;
      const recorded = await this.#record(task, at);
      if (recorded && !told)
        log.report({ type: "task-truncated", task: task.key, most: mostMissed, from: at });
      if (recorded) told = true;
    }
  }

  /** False when somebody else did, or there is nothing to record any more. */
  async #record({ key, version }: RecurringTask, at: number): Promise<boolean> {
    const { store, log } = this.#options;
    const tick = { key, version, at };
    try {
      const answer = await store.recurring.tick(tick);
      this.#calendar.settle(tick);
      const { outcome } = answer;
      if (outcome === "taken" || outcome === "stale") return false;
      const type = outcome === "enqueued" ? "task-ticked" : "task-skipped";
      const lateMs = Math.max(0, this.#clock.now - at);
      log.report({ type, task: key, at, jobId: answer.jobId, lateMs });
      return true;
    } catch (error) {
      if (isAway(error) || !(error instanceof StoreError)) throw error;
      // whatever it is, it would be the same again, and other tasks wait
      this.#calendar.settle(tick);
      log.report({ type: "task-failed", task: key, at, message: error.message });
      return false;
    }
  }
}
