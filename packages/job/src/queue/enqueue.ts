// From a job, its input and options to the row that is asked for. Knows no store.

import type { Json, NewJob } from "@queue-runtime/store";
import { checkName, checkPriority, checkQueue } from "../define/names.ts";
import type { Enqueueable, InputOf } from "../define/ref.ts";
import { type Duration, parseDuration } from "../values/duration.ts";
import { checkOptions, inPlace, kindOf } from "../values/options.ts";
import { validate } from "../values/schema.ts";
import { strictJson } from "../values/strict-json.ts";

export interface EnqueueOptions {
  /** How long from now until the job is due. Not together with `at`. */
  readonly delay?: Duration;
  /** When the job is due, as a Date or in milliseconds since 1970; the past means at once. */
  readonly at?: Date | number;
  /** Smaller is more urgent; the job's own by default. */
  readonly priority?: number;
  /** The job's own by default. */
  readonly queue?: string;
  /** Free text for people. */
  readonly label?: string;
}

/** The arguments after the job: the input may be left out where its type allows it. */
export type EnqueueArguments<Job extends Enqueueable> =
  undefined extends InputOf<Job>
    ? [input?: InputOf<Job>, options?: EnqueueOptions]
    : [input: InputOf<Job>, options?: EnqueueOptions];

/** The part of a row that the options and the job decide, the same for every input. */
export type RowOptions = Omit<NewJob, "args">;

/** @throws TypeError */
export function readEnqueueOptions(job: Enqueueable, options: EnqueueOptions = {}): RowOptions {
  // A function has a name as well, which no worker would ever know.
  if (typeof job !== "object" || typeof job?.name !== "string") {
    throw new TypeError(`the first argument must be a job or a jobRef, not ${kindOf(job)}`);
  }
  checkName(job.name);
  const where = `enqueueing "${job.name}"`;
  checkOptions(where, options, ["delay", "at", "priority", "queue", "label"]);
  const { delay, at, label } = options;
  const queue = options.queue ?? job.queue;
  const priority = options.priority ?? job.priority;
  if (queue !== undefined) checkQueue(where, queue);
  if (priority !== undefined) checkPriority(where, priority);
  if (label !== undefined && typeof label !== "string") {
    throw new TypeError(`${where}: label must be a string, not ${kindOf(label)}`);
  }
  if (delay !== undefined && at !== undefined) {
    throw new TypeError(`${where}: give delay or at, not both`);
  }
  return {
    name: job.name,
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
    ...(label !== undefined && { label }),
    ...(delay !== undefined && { delayMs: inPlace(`${where}: delay`, () => parseDuration(delay)) }),
    ...(at !== undefined && { runAt: readTime(where, at) }),
  };
}

function readTime(where: string, at: unknown): number {
  const time = at instanceof Date ? at.getTime() : at;
  if (typeof time === "number" && Number.isFinite(time) && Math.abs(time) <= 8.64e15) {
    return Math.max(0, Math.round(time));
  }
  throw new TypeError(`${where}: at must be a valid Date or milliseconds since 1970`);
}

/**
 * The row for one input: checked, and stored in the form it was given, so that the schema's
 * transforms apply once, when the job runs. Synchronous where the schema is.
 * @throws NotJsonError, InvalidInputError, also as a rejection
 */
export function newJob(
  job: Enqueueable,
  input: unknown,
  options: RowOptions,
): NewJob | Promise<NewJob> {
  const args: Json = input === undefined ? null : strictJson(input, "input");
  const row: NewJob = { ...options, args };
  const valid = job.input ? validate(job.input, job.name, args) : null;
  return valid instanceof Promise ? valid.then(() => row) : row;
}
