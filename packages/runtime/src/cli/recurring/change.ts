// recurring add, remove, run, pause and resume. What a file or code defines is changed there;
// people may only pause it, run it, or remove what is left of it.

import { newRecurringTask } from "@queue-runtime/job";
import type { RecurringTask, Store } from "@queue-runtime/store";
import { bounds } from "../../config/defaults.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { reportEnqueued } from "../data/enqueued.ts";
import { jobNamed } from "../data/job-named.ts";
import { withStore } from "../data/open.ts";
import { loadJobs } from "../data/user-code.ts";
import type { Invocation } from "../line/command.ts";
import { asUsage, CommandError, UsageError } from "../line/errors.ts";
import { readJson } from "../line/json-input.ts";
import { readChoice, readInteger } from "../line/options.ts";
import { quoted, visible } from "../terminal/text.ts";
import { jobsIfSound, noTask, taskNamed, tasksIn } from "./tasks.ts";

/** Who has the tasks that people add. */
const people = "runtime";

export async function add(invocation: Invocation): Promise<number> {
  const [name = ""] = invocation.words;
  const options = readOptions(invocation);
  const config = await invocation.readConfig();
  const job = jobNamed(options.job, await loadJobs(config), invocation.output);
  const task = await newRecurringTask(name, { ...options, job }).catch(asUsage);
  const before = await withStore(config, async (store) => {
    const known = await storedTask(store, name);
    if (known && known.source !== people) throw foreign(known, "change it there, or pause it");
    await store.recurring.add(people, task);
    return known;
  });
  const outcome = before ? "changed" : "added";
  const code = report(invocation, { name, outcome }, `${name} ${outcome}`);
  if (before?.paused) {
    const resume = "`runtime recurring resume` lets it go on";
    invocation.output.say(visible(`${name} is paused, and stays so; ${resume}`));
  }
  return code;
}

async function storedTask(store: Store, name: string): Promise<RecurringTask | undefined> {
  return (await store.recurring.list()).find(({ key }) => key === name);
}

/** @throws UsageError */
function readOptions(invocation: Invocation) {
  const given = (name: string): string => {
    const value = invocation.text(name);
    if (value !== undefined) return value;
    throw new UsageError(`recurring add needs --${name}; see \`runtime recurring add --help\``);
  };
  const [least, most] = bounds.priority;
  const args = invocation.text("args");
  const queue = invocation.text("queue");
  const priority = readInteger("priority", invocation.text("priority"), { least, most });
  const timeZone = invocation.text("time-zone");
  const catchUp = readChoice("catch-up", invocation.text("catch-up"), ["none", "one", "all"]);
  const description = invocation.text("description");
  return {
    schedule: given("schedule"),
    job: given("job"),
    ...(args !== undefined && { input: readJson(args, "--args") }),
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
    ...(timeZone !== undefined && { timeZone }),
    ...(catchUp !== undefined && { catchUp }),
    ...(description !== undefined && { description }),
  };
}

export async function remove(invocation: Invocation): Promise<number> {
  const [name = ""] = invocation.words;
  const force = invocation.flag("force");
  await withStore(await invocation.config(), async (store) => {
    const task = await storedTask(store, name);
    if (!task) throw noTask(name);
    const advice = "remove it there, pause it, or give --force if that is gone";
    if (task.source !== people && !force) throw foreign(task, advice);
    await store.recurring.remove(task.source, name);
  });
  return report(invocation, { name, outcome: "removed" }, `${name} removed`);
}

function foreign({ key, source }: RecurringTask, advice: string): UsageError {
  return new UsageError(`the task ${quoted(key)} belongs to ${visible(source)}; ${advice}`);
}

/** At once, with or without a scheduler; the schedule goes on as if nothing had happened. */
export async function run(invocation: Invocation): Promise<number> {
  const [name = ""] = invocation.words;
  const config = await invocation.readConfig();
  const definitions = await loadJobs(config);
  const answer = await withStore(config, async (store) => {
    const { job } = taskNamed(name, await tasksIn(store, config, definitions));
    const [enqueued] = await store.jobs.enqueue([job]);
    return enqueued!;
  });
  return reportEnqueued(invocation, answer, { name });
}

export function pause(invocation: Invocation): Promise<number> {
  return setPaused(invocation, true);
}

export function resume(invocation: Invocation): Promise<number> {
  return setPaused(invocation, false);
}

async function setPaused(invocation: Invocation, on: boolean): Promise<number> {
  const [name = ""] = invocation.words;
  const config = await invocation.readConfig();
  await withStore(config, async (store) => {
    if (await store.recurring.pause(name, on)) return;
    taskNamed(name, await tasksIn(store, config, await jobsIfSound(invocation, config)));
    const remedy = "`runtime start` puts it there";
    throw new CommandError(`the task ${quoted(name)} is not in the store yet: ${remedy}`);
  });
  return report(invocation, { name, paused: on }, `${name} ${on ? "paused" : "resumed"}`);
}

function report({ json, output }: Invocation, answer: object, sentence: string): number {
  if (json) output.json(answer);
  else output.result(visible(sentence));
  return exitCodes.ok;
}
