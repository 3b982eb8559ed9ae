// The scheduler of a test: every tick that the clock has passed since the last look, as if somebody
// had been awake all the time.

import type { RecurringTask, Store } from "@queue-runtime/store";
import type { JobDefinition } from "../define/definition.ts";
import { recurringTaskOf } from "../queue/recurring.ts";
import { parseSchedule } from "../schedule/parse-schedule.ts";

const source = "code:test";
const mostTicks = 1_000;

/** Makes the schedules of these jobs known, as a runtime does when it starts. */
export async function defineTasks(
  recurring: Store["recurring"],
  definitions: Iterable<JobDefinition>,
): Promise<void> {
  const tasks = [];
  for (const definition of definitions) {
    const task = await recurringTaskOf(definition, { catchUp: "none" });
    if (task !== null) tasks.push(task);
  }
  if (tasks.length > 0) await recurring.define(source, tasks);
}

/** Enqueues a job for each tick up to now. */
export async function tickAll(recurring: Store["recurring"], now: number): Promise<void> {
  for (const task of await recurring.list()) {
    if (!task.paused) await tickOne(recurring, task, now);
  }
}

async function tickOne(
  recurring: Store["recurring"],
  { key, version, since, lastTickAt, schedule, timeZone }: RecurringTask,
  now: number,
): Promise<void> {
  const { next } = parseSchedule(schedule, timeZone);
  let at = next(Math.max(since, lastTickAt ?? since));
  for (let count = 0; at !== null && at <= now; count++) {
    if (count >= mostTicks) {
      throw new Error(`"${key}" was due more than ${mostTicks} times; advance the clock by less`);
    }
    await recurring.tick({ key, version, at });
    at = next(at);
  }
}
