// Enqueueing into whatever takes rows: a store, a transaction, or the run of another job.

import type { Enqueued, NewJob } from "@queue-runtime/store";
import type { Enqueueable, InputOf } from "../define/ref.ts";
import { kindOf } from "../values/options.ts";
import type { EnqueueArguments, RowPlan } from "./enqueue.ts";
import { newJob } from "./enqueue.ts";
import { type EnqueueOptions, readEnqueueOptions } from "./enqueue-options.ts";

/** Puts jobs into a store. Durable when it resolves; the answer is never null. */
export interface Enqueuer {
  /**
   * The answer's `outcome` is `created`; or `exists` or `replaced`, with the id of the job that has
   * the unique key; or `discarded`, where no slot was free and the job wanted one or nothing.
   * @throws InvalidInputError, NotJsonError, TypeError, StoreError
   */
  readonly enqueue: <Job extends Enqueueable>(
    job: Job,
    ...rest: EnqueueArguments<Job>
  ) => Promise<Enqueued>;
  /**
   * All inputs or none, in one transaction; one answer per input, in order.
   * @throws InvalidInputError, NotJsonError, TypeError, StoreError
   */
  readonly enqueueMany: <Job extends Enqueueable>(
    job: Job,
    inputs: readonly InputOf<Job>[],
    options?: EnqueueOptions<InputOf<Job>>,
  ) => Promise<readonly Enqueued[]>;
}

interface Rows {
  enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]>;
}

// With a synchronous schema the rows are inserted before the first await: in a transaction of its
// own, an application may commit before it awaits.
export function enqueuerOf(rows: Rows): Enqueuer {
  return {
    async enqueue(job, ...[input, options]) {
      const row = newJob(job, input, readEnqueueOptions(job, options));
      const [answer] = await rows.enqueue([row instanceof Promise ? await row : row]);
      return answer!;
    },
    async enqueueMany(job, inputs, options) {
      const plan = readEnqueueOptions(job, options);
      if (!Array.isArray(inputs)) {
        throw new TypeError(
          `enqueueMany("${job.name}") takes a list of inputs, not ${kindOf(inputs)}`,
        );
      }
      if (typeof options?.idempotencyKey === "string") {
        throw new TypeError(
          `enqueueMany("${job.name}"): one idempotencyKey would make one job of all inputs; ` +
            "give a function of the input",
        );
      }
      if (inputs.length === 0) return [];
      const made = newJobs(job, inputs, plan);
      return rows.enqueue(made instanceof Promise ? await made : made);
    },
  };
}

function newJobs(
  job: Enqueueable,
  inputs: readonly unknown[],
  plan: RowPlan,
): readonly NewJob[] | Promise<readonly NewJob[]> {
  const rows: NewJob[] = [];
  const late: Promise<unknown>[] = [];
  for (let index = 0; index < inputs.length; index++) {
    const refuse = (error: unknown) => refuseInput(error, index, inputs.length);
    try {
      const row = newJob(job, inputs[index], plan);
      if (!(row instanceof Promise)) rows[index] = row;
      else late.push(row.then((made) => (rows[index] = made)).catch(refuse));
    } catch (error) {
      // The first mistake is the answer; checks that are still on their way end unheard.
      for (const check of late) check.catch(() => {});
      refuse(error);
    }
  }
  return late.length === 0 ? rows : Promise.all(late).then(() => rows);
}

/** The error stays what it is; only a list can tell which of its inputs is meant. */
function refuseInput(error: unknown, index: number, total: number): never {
  if (error instanceof Error) error.message = `input ${index} of ${total}: ${error.message}`;
  throw error;
}
