// `scheduler:`, jobs that are enqueued by the clock; false switches it off.

import { parseSchedule } from "@queue-runtime/job/text";
import type { Json } from "@queue-runtime/store";
import type { CatchUp, SchedulerConfig, TaskConfig } from "../../config.ts";
import { bounds, defaults } from "../defaults.ts";
import type { Problems } from "../problems.ts";
import { quote } from "../quote.ts";
import {
  asMap,
  duration,
  field,
  fields,
  needed,
  oneOf,
  orFalse,
  placeOf,
  type Reader,
  readKnown,
  text,
  wholeNumber,
} from "../readers.ts";
import type { Tree } from "../yaml/tree.ts";
import { jobName, queueName, taskName } from "./names.ts";
import { schedule, timeZone } from "./scheduler/schedule.ts";

const catchUp = oneOf(["none", "one", "all"]);

export const readScheduler: Reader<SchedulerConfig | null> = orFalse((tree, problems) => {
  const read = fields(tree, problems, {
    name: field<string | null>(text("write a name", 200), defaults.scheduler.name),
    polling_interval: field(duration(bounds.pollingInterval), defaults.scheduler.pollingIntervalMs),
    catch_up: field(catchUp, defaults.scheduler.catchUp),
    tasks: field(readTasks, defaults.scheduler.tasks),
  });
  const { name, polling_interval: pollingIntervalMs, catch_up, tasks } = read;
  return { name, pollingIntervalMs, catchUp: catch_up, tasks };
});

const readTasks: Reader<readonly TaskConfig[]> = (tree, problems) => {
  const map = asMap(tree, problems, "write one key per task, its name, or leave tasks out");
  const tasks = [...(map?.entries ?? [])].map(([key, task]) => {
    taskName({ kind: "scalar", place: task.place, value: key, text: key, quoted: true }, problems);
    return readTask(key, task, problems);
  });
  return tasks;
};

function readTask(key: string, tree: Tree, problems: Problems): TaskConfig {
  const read = fields(tree, problems, {
    schedule: field(schedule, null),
    time_zone: field<string | null>(timeZone, null),
    job: field<string | null>(jobName, null),
    args: field<Json>(json, null),
    queue: field<string | null>(queueName, null),
    priority: field<number | null>(wholeNumber(bounds.priority), null),
    description: field<string | null>(text("write what it is for"), null),
    catch_up: field<CatchUp | null>(catchUp, null),
  });
  needed(tree, problems, {
    schedule: 'write one, such as schedule: "0 3 * * *"',
    job: "write the name of a job, such as job: users.backfill",
  });
  checkTogether(tree, problems, read);
  return {
    name: key,
    schedule: read.schedule ?? "",
    timeZone: read.time_zone,
    job: read.job ?? "",
    args: read.args,
    queue: read.queue,
    priority: read.priority,
    description: read.description,
    catchUp: read.catch_up,
  };
}

/** Each may be right alone: `every 10m` counts in UTC and has no zone. */
function checkTogether(
  tree: Tree,
  problems: Problems,
  { schedule, time_zone }: { readonly schedule: string | null; readonly time_zone: string | null },
): void {
  if (schedule === null || time_zone === null) return;
  try {
    parseSchedule(schedule, time_zone);
  } catch (error) {
    problems.add(placeOf(tree, "time_zone"), (error as Error).message);
  }
}

/** What JSON can say. Built without assignment, so that no key can touch a prototype. */
const json: Reader<Json> = (tree, problems) => {
  switch (tree.kind) {
    case "list":
      return tree.items.map((item) => readKnown(item, problems, json) ?? null);
    case "map":
      return Object.fromEntries(jsonEntries(tree.entries, problems));
    case "scalar": {
      const value = tree.quoted ? tree.text : tree.value;
      if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
      if (Number.isFinite(value) && !Number.isInteger(value)) return value;
      problems.add(tree.place, `${value} is no number that JSON keeps exactly; write it as text`);
      return undefined;
    }
  }
};

function* jsonEntries(
  entries: ReadonlyMap<string, Tree>,
  problems: Problems,
): Generator<[string, Json]> {
  for (const [key, value] of entries) {
    if (key === "__proto__")
      problems.add(value.place, `${quote(key)} is no key for data; rename it`);
    else yield [key, readKnown(value, problems, json) ?? null];
  }
}
