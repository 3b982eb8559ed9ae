// Recurring tasks as applications and schedulers see them: a job, its input, and when.

import type { NewTask, RecurringTask, Store } from "@queue-runtime/store";
import { isJobDefinition, type JobDefinition } from "../define/definition.ts";
import { checkText } from "../define/names.ts";
import type { Enqueueable, InputOf } from "../define/ref.ts";
import { parseSchedule } from "../schedule/parse-schedule.ts";
import { type CatchUp, readCatchUp, readDescription } from "../schedule/read-schedule.ts";
import { checkOptions, inPlace } from "../values/options.ts";
import { newJob } from "./enqueue.ts";
import { readEnqueueOptions } from "./enqueue-options.ts";

export type RecurringOptions<Job extends Enqueueable = Enqueueable> = {
  readonly job: Job;
  /** Cron of 5 or 6 fields, `@daily` and the like, or `every 10m`. */
  readonly schedule: string;
  /** An IANA name for cron; UTC by default. */
  readonly timeZone?: string;
  /** The job's own by default. */
  readonly queue?: string;
  /** The job's own by default. */
  readonly priority?: number;
  /** For people. */
  readonly description?: string;
  /** Of ticks that were missed: none (the default), the newest, or all, oldest first. */
  readonly catchUp?: CatchUp;
} & (undefined extends InputOf<Job>
  ? { readonly input?: InputOf<Job> }
  : { readonly input: InputOf<Job> });

/** Tasks that were not written in a file or in code. They live in the store until removed. */
export interface RecurringTasks {
  /**
   * Adds a task, or changes the one with this key. A tick runs at most once, over all hosts. Queue,
   * limits and keys of the job are stored as they are now: add it again when its code changes them.
   * @throws TypeError, InvalidInputError, NotJsonError; StoreError `invalid` when a file or code
   *   has a task with this key
   */
  add<Job extends Enqueueable>(key: string, task: RecurringOptions<Job>): Promise<void>;
  /** False when there is no such task. @throws StoreError `invalid` for one of a file or of code */
  remove(key: string): Promise<boolean>;
  /** False when there is no such task. */
  pause(key: string): Promise<boolean>;
  /** False when there is no such task. What it did not do while it was paused is not missed. */
  resume(key: string): Promise<boolean>;
  /** All of them, also those of files and of code, by key. */
  list(): Promise<readonly RecurringTask[]>;
}

const source = "runtime";
const known = [
  ...["job", "schedule", "timeZone", "input", "queue", "priority", "description", "catchUp"],
];

export function recurringOf(tasks: Store["recurring"]): RecurringTasks {
  return {
    add: async (key, options) => tasks.add(source, await newRecurringTask(key, options)),
    remove: (key) => tasks.remove(source, key),
    pause: (key) => tasks.pause(key, true),
    resume: (key) => tasks.pause(key, false),
    list: () => tasks.list(),
  };
}

/**
 * The task that these options ask for, checked; nobody has it yet.
 * @throws InvalidInputError, NotJsonError, TypeError as a rejection
 */
export async function newRecurringTask(key: string, options: RecurringOptions): Promise<NewTask> {
  if (typeof key !== "string") throw new TypeError(`a recurring task needs a name, a string`);
  checkText("the name of a recurring task", key);
  const where = `recurring task "${key}"`;
  checkOptions(where, options, known);
  const { job, schedule, timeZone = null, input, queue, priority } = options;
  const plan = readEnqueueOptions(job, {
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
  });
  const { text } = inPlace(where, () => parseSchedule(schedule, timeZone));
  return {
    key,
    schedule: text,
    timeZone,
    job: await newJob(job, input, plan),
    description: readDescription(where, options.description),
    catchUp: readCatchUp(where, options.catchUp ?? "none"),
  };
}

/**
 * The recurring task that a definition comes with, its key the name of the job; null without a
 * `schedule`. `catchUp` is for definitions that say nothing of it.
 * @throws InvalidInputError, TypeError as a rejection
 */
export async function recurringTaskOf(
  definition: JobDefinition,
  defaults: { readonly catchUp: CatchUp },
): Promise<NewTask | null> {
  if (!isJobDefinition(definition)) throw new TypeError("recurringTaskOf takes a job definition");
  const { name, schedule: policy } = definition;
  if (policy === null) return null;
  const { schedule, timeZone, input, description } = policy;
  const job = await newJob(definition, input, readEnqueueOptions(definition));
  const catchUp = policy.catchUp ?? defaults.catchUp;
  return { key: name, schedule, timeZone, job, description, catchUp };
}
