// `scheduler:`, jobs that are enqueued by the clock; false switches it off.

import type { Json } from "@queue-runtime/store";
import type { SchedulerConfig, TaskConfig } from "../../config.ts";
import { defaults, longestName } from "../defaults.ts";
import type { Problems } from "../problems.ts";
import { quote } from "../quote.ts";
import { asMap, field, fields, oneOf, orFalse, type Reader, readKnown, text } from "../readers.ts";
import type { Tree } from "../yaml/tree.ts";
import { schedule, timeZone } from "./schedule.ts";

const name = text("write a name", longestName);

export const readScheduler: Reader<SchedulerConfig | null> = orFalse((tree, problems) => {
  const read = fields(tree, problems, {
    catch_up: field(oneOf(["none", "one", "all"]), defaults.scheduler.catchUp),
    tasks: field(readTasks, defaults.scheduler.tasks),
  });
  return { catchUp: read.catch_up, tasks: read.tasks };
});

const readTasks: Reader<readonly TaskConfig[]> = (tree, problems) => {
  const map = asMap(tree, problems, "write one key per task, its name, or leave tasks out");
  const tasks = [...(map?.entries ?? [])].map(([key, task]) => {
    name({ kind: "scalar", place: task.place, value: key, text: key, quoted: true }, problems);
    return readTask(key, task, problems);
  });
  return tasks;
};

function readTask(key: string, tree: Tree, problems: Problems): TaskConfig {
  const read = fields(tree, problems, {
    schedule: field(schedule, null),
    time_zone: field<string | null>(timeZone, null),
    job: field<string | null>(name, null),
    args: field<Json>(json, null),
  });
  if (tree.kind === "map") {
    for (const needed of ["schedule", "job"] as const) {
      if (!tree.entries.has(needed))
        problems.add(tree.place, `${needed} is missing; ${advice[needed]}`);
    }
  }
  return {
    name: key,
    schedule: read.schedule ?? "",
    timeZone: read.time_zone,
    job: read.job ?? "",
    args: read.args,
  };
}

const advice = {
  schedule: 'write one, such as schedule: "0 3 * * *"',
  job: "write the name of a job, such as job: users.backfill",
};

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
