// A task, and what a test asks about it.

import type { NewTask, RecurringTask, Store } from "@queue-runtime/store";

export function someTask(task: Partial<NewTask> = {}): NewTask {
  return {
    key: "nightly",
    schedule: "0 3 * * *",
    timeZone: null,
    job: { name: "report" },
    description: null,
    catchUp: "none",
    ...task,
  };
}

export async function taskOf(store: Store, key = "nightly"): Promise<RecurringTask> {
  const task = (await store.recurring.list()).find((each) => each.key === key);
  if (!task) throw new Error(`there is no task ${key}`);
  return task;
}
