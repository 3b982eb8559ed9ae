// The recurring tasks that a command is about: those of the store, and those of queue.yml that no
// runtime has put there yet.

import type { RecurringTask, Store } from "@queue-runtime/store";
import type { Config } from "../../config.ts";
import { taskOfFile } from "../../modules/tasks.ts";
import type { Definitions } from "../../modules.ts";
import { CommandError } from "../line/errors.ts";
import { quoted } from "../terminal/text.ts";

/** By name. @param definitions of the jobs, where their code was loaded */
export async function tasksIn(
  store: Store,
  config: Config,
  definitions: Definitions = new Map(),
): Promise<readonly RecurringTask[]> {
  const { scheduler } = config;
  const stored = await store.recurring.list();
  const known = new Set(stored.map(({ key }) => key));
  const fresh = (scheduler?.tasks ?? []).filter(({ name }) => !known.has(name));
  const since = fresh.length > 0 ? await store.recurring.now() : 0;
  const source = `file:${scheduler?.name ?? config.file}`;
  const made = await Promise.all(
    fresh.map(async (task): Promise<RecurringTask> => {
      const made = await taskOfFile(task, { scheduler: scheduler!, definitions });
      return { ...made, source, paused: false, version: 0, since, lastTickAt: null };
    }),
  );
  return [...stored, ...made].sort((a, b) => (a.key < b.key ? -1 : 1));
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
