// The recurring tasks of a configuration as the store takes them: those of its file and those of
// its code. Made by whoever has loaded the code, because only the definition of a job knows its
// queue, its limits and what its input must look like; a job that is not defined here is known by
// its name alone.

import { jobRef, newRecurringTask, recurringTaskOf } from "@queue-runtime/job";
import type { NewTask } from "@queue-runtime/store";
import { quote, quoteKey } from "../config/quote.ts";
import type { Config, SchedulerConfig, TaskConfig } from "../config.ts";
import type { Definitions } from "../modules.ts";
import type { Tasks } from "../process/messages.ts";
import { ModuleError, type ModuleProblem } from "./problems.ts";

/**
 * null where the scheduler is switched off: then this configuration has no tasks.
 * @throws ModuleError with every task that cannot be made
 */
export async function tasksOf(config: Config, definitions: Definitions): Promise<Tasks | null> {
  const { scheduler } = config;
  if (scheduler === null) return null;
  const made = new Made(config);
  for (const task of scheduler.tasks) {
    const where = `scheduler.tasks.${quoteKey(task.name)}`;
    await made.add("file", where, () => taskOfFile(task, { scheduler, definitions }));
  }
  for (const definition of definitions.values()) {
    const where = `the job ${quote(definition.name)}`;
    await made.add("code", where, () => recurringTaskOf(definition, scheduler));
  }
  return made.tasks();
}

/** @throws InvalidInputError, TypeError as a rejection */
export function taskOfFile(
  task: TaskConfig,
  given: { readonly scheduler: SchedulerConfig; readonly definitions: Definitions },
): Promise<NewTask> {
  const { name, job, schedule, timeZone, args, queue, priority, description } = task;
  return newRecurringTask(name, {
    job: given.definitions.get(job) ?? jobRef(job),
    schedule,
    ...(timeZone !== null && { timeZone }),
    ...(args !== null && { input: args }),
    ...(queue !== null && { queue }),
    ...(priority !== null && { priority }),
    ...(description !== null && { description }),
    catchUp: task.catchUp ?? given.scheduler.catchUp,
  });
}

class Made {
  readonly #config: Config;
  readonly #problems: ModuleProblem[] = [];
  readonly #places = new Map<string, string>();
  readonly #tasks = { file: [] as NewTask[], code: [] as NewTask[] };

  constructor(config: Config) {
    this.#config = config;
  }

  async add(of: keyof Tasks, where: string, make: () => Promise<NewTask | null>): Promise<void> {
    try {
      const task = await make();
      if (task === null) return;
      const other = this.#places.get(task.key);
      this.#places.set(task.key, where);
      this.#tasks[of].push(task);
      if (other === undefined) return;
      const message = `${where} makes a recurring task of the same name as ${other}; rename one`;
      this.#refuse(other, message);
    } catch (error) {
      this.#refuse(where, `${where}: ${(error as Error).message}`);
    }
  }

  /** @throws ModuleError */
  tasks(): Tasks {
    if (this.#problems.length > 0) throw new ModuleError(this.#problems);
    return this.#tasks;
  }

  /** Of what the code says no line is known. */
  #refuse(place: string, message: string): void {
    const { file, lines } = this.#config;
    this.#problems.push({ file, line: lines[place] ?? null, message });
  }
}
