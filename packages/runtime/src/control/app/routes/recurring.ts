// Recurring tasks. What a file or code defines is changed there: people may only pause it, run it,
// or remove what is left of it.

import { jobRef, newRecurringTask } from "@queue-runtime/job";
import type { RecurringTask, Store } from "@queue-runtime/store";
import { Problem } from "../../problem.ts";
import { nextTick } from "../../rows/next-tick.ts";
import { taskRow } from "../../rows.ts";
import type { Backing } from "../../target.ts";
import { asRequest } from "../as-request.ts";
import { taskShape } from "../job-shapes.ts";
import { type Route, route } from "../route.ts";
import { anything, flag, listOf, object, oneOf, optional, text } from "../schema.ts";
import { id, name, paused, priority, queueOutcome } from "../shapes.ts";

/** Who has the tasks that people add. */
const people = "runtime";

const newTask = object({
  name,
  schedule: text({ least: 1, most: 1_000 }),
  job: name,
  input: optional(anything),
  queue: optional(name),
  priority: optional(priority),
  time_zone: optional(text({ least: 1, most: 100 })),
  catch_up: optional(oneOf("none", "one", "all")),
  description: optional(text({ most: 10_000 })),
});

export function recurringRoutes({ target }: Backing): readonly Route[] {
  const { store } = target;
  return [
    route({
      method: "GET",
      path: "/recurring",
      summary: "The recurring tasks, by name, and when each is due next",
      answers: { 200: listOf(taskShape, 100_000) },
      async handle() {
        const now = await store.recurring.now();
        return (await store.recurring.list()).map((task) => taskRow(task, nextTick(task, now)));
      },
    }),
    route({
      method: "POST",
      path: "/recurring",
      summary: "Add a task, or change one that people added",
      body: newTask,
      answers: { 200: queueOutcome },
      async handle({ body: { name, job, time_zone: timeZone, catch_up: catchUp, ...rest } }) {
        const options = {
          ...rest,
          job: await asRequest(async () => jobRef(job)),
          ...(timeZone !== undefined && { timeZone }),
          ...(catchUp !== undefined && { catchUp }),
        };
        const task = await asRequest(() => newRecurringTask(name, options));
        const before = await find(store, name);
        if (before && before.source !== people) throw foreign(before);
        await store.recurring.add(people, task);
        return { name, outcome: before ? "changed" : "added" };
      },
    }),
    route({
      method: "DELETE",
      path: "/recurring/{name}",
      summary: "Remove a task; force: also one that a file or code has defined",
      query: { force: optional(flag) },
      answers: { 200: queueOutcome },
      async handle({ name, query: { force } }) {
        const task = await taskNamed(store, name);
        if (task.source !== people && !force) throw foreign(task);
        await store.recurring.remove(task.source, name);
        return { name, outcome: "removed" };
      },
    }),
    ...deedRoutes(store),
  ];
}

function deedRoutes(store: Store): readonly Route[] {
  const pause = (on: boolean) =>
    route({
      method: "POST",
      path: `/recurring/{name}/${on ? "pause" : "resume"}`,
      summary: on ? "Enqueue nothing until it is resumed" : "Go on; nothing was missed meanwhile",
      answers: { 200: paused },
      async handle({ name }) {
        if (!(await store.recurring.pause(name, on))) throw missing(name);
        return { name, paused: on };
      },
    });
  return [
    route({
      method: "POST",
      path: "/recurring/{name}/run",
      summary: "Enqueue its job at once; the schedule goes on as if nothing had happened",
      answers: { 200: object({ name, id, outcome: text() }) },
      async handle({ name }) {
        const { job } = await taskNamed(store, name);
        const [enqueued] = await store.jobs.enqueue([job]);
        return { name, ...enqueued };
      },
    }),
    pause(true),
    pause(false),
  ];
}

async function find(store: Store, name: string): Promise<RecurringTask | undefined> {
  return (await store.recurring.list()).find(({ key }) => key === name);
}

/** @throws Problem 404 */
async function taskNamed(store: Store, name: string): Promise<RecurringTask> {
  const task = await find(store, name);
  if (task === undefined) throw missing(name);
  return task;
}

function missing(name: string): Problem {
  return new Problem(404, `there is no recurring task ${JSON.stringify(name)}`);
}

function foreign({ key, source }: RecurringTask): Problem {
  return new Problem(409, `the task ${JSON.stringify(key)} belongs to ${source}; change it there`);
}
