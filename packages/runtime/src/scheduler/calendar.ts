// When the tasks of the store are due: their schedules, read once, and how far each is settled.
// What a schedule means is known to the package of jobs, and what was recorded to the store.

import { parseSchedule, type Schedule } from "@queue-runtime/job";
import type { RecurringTask, Tick } from "@queue-runtime/store";
import { type DueTicks, dueTicks, type Standing } from "./due-ticks.ts";

interface Entry {
  readonly version: number;
  /** null: it cannot be read, and that was said. */
  readonly schedule: Schedule | null;
  /** Up to here this process has settled it, whether or not the store recorded anything. */
  settled: number;
}

export class Calendar {
  readonly #entries = new Map<string, Entry>();
  readonly #unreadable: (task: RecurringTask, message: string) => void;

  /** @param unreadable told once of each definition that is no schedule here */
  constructor(unreadable: (task: RecurringTask, message: string) => void) {
    this.#unreadable = unreadable;
  }

  /** Forgets the tasks that are gone. */
  keep(tasks: readonly RecurringTask[]): void {
    const keys = new Set(tasks.map(({ key }) => key));
    for (const key of this.#entries.keys()) if (!keys.has(key)) this.#entries.delete(key);
  }

  due(task: RecurringTask, { attendedSince, now }: Omit<Standing, "base">): DueTicks {
    const { schedule } = this.#entryOf(task);
    const base = this.#baseOf(task);
    if (task.paused || !schedule) return { ticks: [], missed: 0, truncated: false };
    return dueTicks(schedule, { base, attendedSince, now }, task.catchUp);
  }

  /** The first tick after `now`, or null. */
  next(task: RecurringTask, now: number): number | null {
    const { schedule } = this.#entryOf(task);
    if (task.paused || !schedule) return null;
    return schedule.next(Math.max(now, this.#baseOf(task)));
  }

  /** It is not asked for again: recorded by somebody, or impossible. */
  settle({ key, version, at }: Tick): void {
    const entry = this.#entries.get(key);
    if (entry?.version === version) entry.settled = Math.max(entry.settled, at);
  }

  #baseOf(task: RecurringTask): number {
    const { since, lastTickAt } = task;
    return Math.max(since, lastTickAt ?? since, this.#entryOf(task).settled);
  }

  #entryOf(task: RecurringTask): Entry {
    const known = this.#entries.get(task.key);
    if (known?.version === task.version) return known;
    const schedule = this.#read(task);
    const entry = { version: task.version, schedule, settled: Number.NEGATIVE_INFINITY };
    this.#entries.set(task.key, entry);
    return entry;
  }

  #read(task: RecurringTask): Schedule | null {
    try {
      return parseSchedule(task.schedule, task.timeZone);
    } catch (error) {
      this.#unreadable(task, (error as Error).message);
      return null;
    }
  }
}
