// When a recurring task is due next, for lists of them.

import { parseSchedule, type Schedule } from "@queue-runtime/job";
import type { RecurringTask } from "@queue-runtime/store";

/** null for one that is paused, or never due again. */
export function nextTick(task: RecurringTask, now: number): number | null {
  return task.paused ? null : scheduleOf(task).next(ticksAfter(task, now));
}

export function scheduleOf({ schedule, timeZone }: RecurringTask): Schedule {
  return parseSchedule(schedule, timeZone);
}

/** A tick that is recorded does not come again, also when a clock was set back. */
export function ticksAfter({ lastTickAt }: RecurringTask, now: number): number {
  return Math.max(now, lastTickAt ?? now);
}
