// recurring list and next: what is enqueued by the clock, and when.

import { previewSchedule } from "@queue-runtime/job";
import type { RecurringTask } from "@queue-runtime/store";
import { nextTick, scheduleOf, ticksAfter } from "../../control/rows/next-tick.ts";
import { taskRow } from "../../control/rows.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { withStore } from "../data/open.ts";
import type { Invocation } from "../line/command.ts";
import { readInteger } from "../line/options.ts";
import { type Column, table } from "../terminal/table.ts";
import { isoTime, period, wallTime } from "../terminal/times.ts";
import { jobsIfSound, taskNamed, tasksIn } from "./tasks.ts";

export async function list(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const config = await invocation.readConfig();
  const definitions = await jobsIfSound(invocation, config);
  const { tasks, now } = await withStore(config, async (store) => {
    const tasks = await tasksIn(store, config, definitions);
    return { tasks, now: await store.recurring.now() };
  });
  if (json) output.json(tasks.map((task) => taskRow(task, nextTick(task, now))));
  else if (tasks.length === 0) output.say("there are no recurring tasks");
  else output.result(table(tasks, columns(now), output.stdout));
  return exitCodes.ok;
}

/** The ticks to come, whether or not a scheduler runs. */
export async function next(invocation: Invocation): Promise<number> {
  const { words, json, output } = invocation;
  const [name = ""] = words;
  const bounds = { least: 1, most: 1_000 };
  const count = readInteger("count", invocation.text("count"), bounds) ?? 10;
  const config = await invocation.readConfig();
  const definitions = await jobsIfSound(invocation, config);
  const { task, now } = await withStore(config, async (store) => {
    const task = taskNamed(name, await tasksIn(store, config, definitions));
    return { task, now: await store.recurring.now() };
  });
  const ticks = previewSchedule(scheduleOf(task), ticksAfter(task, now), count);
  const { paused, timeZone } = task;
  const next = ticks.map((at) => isoTime(at));
  if (json) output.json({ name, paused, time_zone: timeZone, next });
  else output.result(ticks.map((at) => tickText(at, timeZone)).join("\n"));
  if (paused) output.say(`${name} is paused: these ticks enqueue nothing until it is resumed`);
  return exitCodes.ok;
}

/** In UTC, and by the clock on the wall of its zone. */
function tickText(at: number, timeZone: string | null): string {
  return timeZone === null ? isoTime(at) : `${isoTime(at)}  ${wallTime(at, timeZone)}`;
}

function columns(now: number): readonly Column<RecurringTask>[] {
  return [
    { title: "TASK", value: ({ key }) => key, shrinkTo: 16 },
    { title: "SCHEDULE", value: ({ schedule }) => schedule },
    { title: "ZONE", value: ({ timeZone }) => timeZone ?? "UTC", shrinkTo: 8 },
    { title: "JOB", value: ({ job }) => job.name, shrinkTo: 16 },
    {
      title: "NEXT",
      value: (task) => nextText(task, now),
      style: ({ paused }) => (paused ? "yellow" : null),
    },
    {
      title: "LAST",
      value: ({ lastTickAt }) => (lastTickAt === null ? "" : `${period(now - lastTickAt)} ago`),
    },
    { title: "SOURCE", value: ({ source }) => source, shrinkTo: 12 },
  ];
}

function nextText(task: RecurringTask, now: number): string {
  if (task.paused) return "paused";
  const at = nextTick(task, now);
  return at === null ? "never" : `in ${period(at - now)}`;
}
