// The recurring tasks that a command is about: those of the store, and those of queue.yml and of
// the code that no runtime has put there yet.

import { recurringTaskOf } from "@queue-runtime/job";
import type { NewTask, RecurringTask, Store } from "@queue-runtime/store";
import type { Config } from "../../config.ts";
import { ModuleError } from "../../modules/problems.ts";
import { taskOfFile } from "../../modules/tasks.ts";
import type { Definitions } from "../../modules.ts";
import { loadJobs } from "../data/user-code.ts";
import type { Invocation } from "../line/command.ts";
import { CommandError } from "../line/errors.ts";
import { quoted } from "../terminal/text.ts";

/** By name. @param definitions of the jobs, where their code was loaded */
export async function tasksIn(
  store: Store,
  config: Config,
  definitions: Definitions = new Map(),
): Promise<readonly RecurringTask[]> {
  const stored = await store.recurring.list();
  const known = new Set(stored.map(({ key }) => key));
  const fresh = (await tasksToCome(config, definitions)).filter(({ key }) => !known.has(key));
  const since = fresh.length > 0 ? await store.recurring.now() : 0;
  const untouched = { paused: false, version: 0, since, lastTickAt: null };
  const tasks = [...stored, ...fresh.map((task) => ({ ...task, ...untouched }))];
  return tasks.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** What a start would put into the store. */
async function tasksToCome(
  config: Config,
  definitions: Definitions,
): Promise<readonly (NewTask & Pick<RecurringTask, "source">)[]> {
  const { scheduler } = config;
  if (scheduler === null) return [];
  const name = scheduler.name ?? config.file;
  const ofFile = scheduler.tasks.map((task) => taskOfFile(task, { scheduler, definitions }));
  const ofCode = [...definitions.values()].map((job) => recurringTaskOf(job, scheduler));
  const file = (await Promise.all(ofFile)).map((task) => ({ ...task, source: `file:${name}` }));
  const code = (await Promise.all(ofCode)).filter((task) => task !== null);
  return [...file, ...code.map((task) => ({ ...task, source: `code:${name}` }))];
}

/** The code of jobs for commands that can do without: what is wrong with it is said. */
export async function jobsIfSound({ output }: Invocation, config: Config): Promise<Definitions> {
  try {
    return await loadJobs(config);
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    output.say(`${error.message}\ntasks of the code that are not in the store yet are left out`);
    return new Map();
  }
}

/** @throws CommandError */
export function taskNamed(name: string, tasks: readonly RecurringTask[]): RecurringTask {
  const task = tasks.find(({ key }) => key === name);
  if (task) return task;
  throw noTask(name);
}

export function noTask(name: string): CommandError {
  return new CommandError(
    `there is no recurring task ${quoted(name)}; see \`runtime recurring list\``,
  );
}
