// From a job, its input and options to the row that is asked for. Knows no store.

import type { Gate, Json, NewJob, Unique } from "@queue-runtime/store";
import type { Enqueueable, InputOf } from "../define/ref.ts";
import { gatesOf } from "../flow/gates.ts";
import { type UniquePolicy, uniqueFor } from "../flow/unique.ts";
import { validate } from "../values/schema.ts";
import { strictJson } from "../values/strict-json.ts";
import type { EnqueueOptions } from "./enqueue-options.ts";

/** The arguments after the job: the input may be left out where its type allows it. */
export type EnqueueArguments<Job extends Enqueueable> =
  undefined extends InputOf<Job>
    ? [input?: InputOf<Job>, options?: EnqueueOptions<InputOf<Job>>]
    : [input: InputOf<Job>, options?: EnqueueOptions<InputOf<Job>>];

/** What the options and the job decide, the same for every input. */
export interface RowPlan {
  readonly row: Omit<NewJob, "args" | "gates" | "uniques" | "keyed">;
  readonly uniques: readonly UniquePolicy[];
  /** Whoever enqueues says what it is unique by: a worker that knows more adds nothing. */
  readonly isKeyed: boolean;
}

/**
 * The row for one input: checked, and stored in the form it was given, so that the schema's
 * transforms apply once, when the job runs. Its keys are made of that form too. Synchronous where
 * the schema is.
 * @throws NotJsonError, InvalidInputError, TypeError, also as a rejection
 */
export function newJob(job: Enqueueable, input: unknown, plan: RowPlan): NewJob | Promise<NewJob> {
  const args: Json = input === undefined ? null : strictJson(input, "input");
  const valid = job.input ? validate(job.input, job.name, args) : null;
  return valid instanceof Promise
    ? valid.then(() => rowFor(job, args, plan))
    : rowFor(job, args, plan);
}

function rowFor(job: Enqueueable, args: Json, { row, uniques, isKeyed }: RowPlan): NewJob {
  const gates = gatesOf(job, args);
  const keys: Unique[] = [];
  let keyed = isKeyed;
  for (const policy of uniques) {
    const unique = uniqueFor(policy, job.name, args);
    if (unique === null) continue;
    keys.push(unique);
    // the name of a request is not what the job is unique by
    keyed ||= !policy.idempotency;
  }
  const said = keyed === keys.length > 0 ? {} : { keyed };
  return withLinks({ ...row, args, ...said }, [gates, keys]);
}

/** Most jobs have neither, and their rows say nothing of it. */
function withLinks(
  row: NewJob,
  [gates, uniques]: readonly [readonly Gate[], readonly Unique[]],
): NewJob {
  if (gates.length === 0 && uniques.length === 0) return row;
  return { ...row, ...(gates.length > 0 && { gates }), ...(uniques.length > 0 && { uniques }) };
}
