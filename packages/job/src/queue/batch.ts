// Batches as applications see them: jobs that belong together, and jobs that follow.

import type { Batch, NewBatch, NewJob, Store } from "@queue-runtime/store";
import type { Enqueueable, InputOf } from "../define/ref.ts";
import { BatchError } from "../errors.ts";
import { checkOptions, kindOf } from "../values/options.ts";
import { strictJson } from "../values/strict-json.ts";
import { newJob, type RowPlan } from "./enqueue.ts";
import { type EnqueueOptions, readEnqueueOptions } from "./enqueue-options.ts";
import { type Enqueuer, enqueuerOf } from "./enqueuer.ts";

export interface BatchOptions<
  Finish extends Enqueueable = Enqueueable,
  Success extends Enqueueable = Enqueueable,
  Failure extends Enqueueable = Enqueueable,
> {
  /** For people. */
  readonly description?: string;
  /** JSON that you want to know again, of `queue.batch(id).find()`; null by default. */
  readonly metadata?: unknown;
  /** Enqueued once all jobs have ended, whatever became of them. */
  readonly onFinish?: BatchCallback<Finish>;
  /**
   * The same when all of them finished. A job that was discarded, at the enqueue or by a person,
   * counts as finished; one that found no slot when it was due, as cancelled.
   */
  readonly onSuccess?: BatchCallback<Success>;
  /** The same when one of them failed or was cancelled. */
  readonly onFailure?: BatchCallback<Failure>;
}

/**
 * The job that follows a batch: `{ job: report, input: { month: 7 } }`. Without an input, or with
 * null, it is given `{ batch: id }`, and its keys are made when it is first claimed, but for a
 * unique key that is a text.
 */
export type BatchCallback<Job extends Enqueueable = Enqueueable> = {
  readonly job: Job;
  readonly options?: Pick<EnqueueOptions, "delay" | "priority" | "queue" | "label">;
} & ({ batch: number } extends InputOf<Job>
  ? { readonly input?: InputOf<Job> | null }
  : { readonly input: InputOf<Job> });

/** A batch that jobs are added to. It can be had again by its id, in any process. */
export interface OpenBatch extends Enqueuer {
  readonly id: number;
  /**
   * Says that nobody has to add more: when all of it has ended, it is over, and takes no job any
   * more. Until then its own jobs may add others.
   */
  seal(): Promise<void>;
  /** What has become of it; null when it is stored no more. */
  find(): Promise<Batch | null>;
}

const known = ["description", "metadata", "onFinish", "onSuccess", "onFailure"] as const;
const callbacks = ["onFinish", "onSuccess", "onFailure"] as const;
const callbackOptions = ["delay", "priority", "queue", "label"];

export function openBatch(store: Pick<Store, "jobs" | "batches">, id: number): OpenBatch {
  const adding = enqueuerOf({
    enqueue: (jobs) => store.jobs.enqueue(jobs.map((job) => memberOf(id, job))),
  });
  return {
    id,
    ...adding,
    seal: () => store.batches.seal(id),
    find: () => store.batches.find(id),
  };
}

function memberOf(batchId: number, job: NewJob): NewJob {
  if (job.batchId === undefined || job.batchId === batchId) return { ...job, batchId };
  throw new TypeError(
    `enqueueing "${job.name}": batch ${batchId} cannot take a job of batch ${job.batchId}`,
  );
}

/** Opens a batch and, with `fill`, adds to it and seals it. @throws BatchError when that fails */
export async function fillBatch(
  store: Pick<Store, "jobs" | "batches">,
  options: BatchOptions,
  fill: ((batch: OpenBatch) => unknown) | undefined,
): Promise<OpenBatch> {
  if (fill !== undefined && typeof fill !== "function") {
    throw new TypeError(`queue.batch takes a function that fills it, not ${kindOf(fill)}`);
  }
  const batch = openBatch(store, await store.batches.open(await readBatch(options)));
  if (fill === undefined) return batch;
  try {
    await fill(batch);
    await batch.seal();
  } catch (error) {
    throw new BatchError(batch.id, error);
  }
  return batch;
}

async function readBatch(options: BatchOptions): Promise<NewBatch> {
  checkOptions("queue.batch", options, known);
  const { description, metadata = null } = options;
  if (description !== undefined && typeof description !== "string") {
    throw new TypeError(`queue.batch: description must be a string, not ${kindOf(description)}`);
  }
  const rows: Partial<Record<(typeof callbacks)[number], NewJob>> = {};
  for (const name of callbacks) {
    const callback = options[name];
    if (callback !== undefined) rows[name] = await readCallback(`queue.batch: ${name}`, callback);
  }
  return {
    ...(description !== undefined && { description }),
    metadata: strictJson(metadata, "metadata"),
    ...rows,
  };
}

/** Checked now: when the batch is over there is nobody left to tell. */
async function readCallback(where: string, callback: BatchCallback): Promise<NewJob> {
  checkOptions(where, callback, ["job", "input", "options"]);
  const { job, input = null, options = {} } = callback;
  checkOptions(`${where}.options`, options, callbackOptions);
  try {
    const plan = readEnqueueOptions(job, options);
    return await (input === null ? withoutInput(job, plan) : newJob(job, input, plan));
  } catch (error) {
    // The error stays what it is; only here it is known which of three jobs is meant.
    if (error instanceof Error) error.message = `${where}: ${error.message}`;
    throw error;
  }
}

/**
 * Its input has an id in it that is not known yet, so that no key can be made of it: the row has
 * only a unique key that is a text, and gets the rest like one that was enqueued by name alone.
 */
async function withoutInput(job: Enqueueable, plan: RowPlan): Promise<NewJob> {
  const uniques = plan.uniques.filter(({ key }) => typeof key === "string");
  const known = { ...job, concurrency: [], rate: [] };
  return { ...(await newJob(known, { batch: 1 }, { ...plan, uniques })), args: null };
}
