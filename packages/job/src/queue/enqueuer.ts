// Enqueueing into whatever takes rows: a store, a transaction, or the run of another job.

import type { Enqueued, NewJob } from "@queue-runtime/store";
import type { Enqueueable, InputOf } from "../define/ref.ts";
import { kindOf } from "../values/options.ts";
import {
  type EnqueueArguments,
  type EnqueueOptions,
  newJob,
  readEnqueueOptions,
} from "./enqueue.ts";

/** Puts jobs into a store. Durable when it resolves; the answer is never null. */
export interface Enqueuer {
  /** @throws InvalidInputError, NotJsonError, TypeError, StoreError */
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
    options?: EnqueueOptions,
  ) => Promise<readonly Enqueued[]>;
}

interface Rows {
  enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]>;
}

export function enqueuerOf(rows: Rows): Enqueuer {
  return {
    async enqueue(job, ...[input, options]) {
      const row = await newJob(job, input, readEnqueueOptions(job, options));
      return (await rows.enqueue([row]))[0]!;
    },
    async enqueueMany(job, inputs, options) {
      const row = readEnqueueOptions(job, options);
      if (!Array.isArray(inputs)) {
        throw new TypeError(
          `enqueueMany("${job.name}") takes a list of inputs, not ${kindOf(inputs)}`,
        );
      }
      if (inputs.length === 0) return [];
      return rows.enqueue(await newJobs(job, inputs, row));
    },
  };
}

async function newJobs(
  job: Enqueueable,
  inputs: readonly unknown[],
  row: Omit<NewJob, "args">,
): Promise<readonly NewJob[]> {
  const rows: NewJob[] = [];
  for (const [index, input] of inputs.entries()) {
    try {
      rows.push(await newJob(job, input, row));
    } catch (error) {
      // The error stays what it is; only a list can tell which of its inputs is meant.
      if (error instanceof Error)
        error.message = `input ${index} of ${inputs.length}: ${error.message}`;
      throw error;
    }
  }
  return rows;
}
