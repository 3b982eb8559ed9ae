// The options of one enqueue: what may be said beside the job and its input.

import type { Enqueued } from "@queue-runtime/store";
import { checkName, checkPriority, checkQueue } from "../define/names.ts";
import type { Enqueueable } from "../define/ref.ts";
import type { KeyFunction } from "../flow/keys.ts";
import {
  readIdempotencyKey,
  readUnique,
  type UniqueOptions,
  type UniquePolicy,
} from "../flow/unique.ts";
import { type Duration, parseDuration } from "../values/duration.ts";
import { checkOptions, inPlace, kindOf, oneOf } from "../values/options.ts";
import type { RowPlan } from "./enqueue.ts";

export interface EnqueueOptions<Input = unknown> {
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
  /**
   * At most one job of a key at a time: a key, options with or without one, or false for none. That
   * of the definition by default; of a `jobRef` it is known only once a worker claims the job.
   */
  readonly unique?: string | UniqueOptions<Input> | false;
  /**
   * Names the request: the same key again within 24 hours answers the id of the first job, whatever
   * became of it, and whatever its input was: only the key is compared. For a list of inputs it is
   * a function of the input. A job that is no longer stored is forgotten, its key with it.
   */
  readonly idempotencyKey?: string | KeyFunction<Input>;
  /**
   * Jobs that have to end first, at most 1,000: ids, or what enqueueing them answered. Of answers,
   * those that were `discarded` are nobody's and are left out.
   */
  readonly after?: Preceding | readonly Preceding[];
  /** When one of those failed or was cancelled. `fail` (the default): this one fails too. */
  readonly ifDependencyFails?: "fail" | "run";
  /** A batch to belong to, or its id; null for none. */
  readonly batch?: number | { readonly id: number } | null;
}

/** A job that another comes after. */
export type Preceding = number | (Pick<Enqueued, "id"> & Partial<Pick<Enqueued, "outcome">>);

const known = [
  ...["delay", "at", "priority", "queue", "label"],
  ...["unique", "idempotencyKey", "after", "ifDependencyFails", "batch"],
];

/** @throws TypeError */
export function readEnqueueOptions(job: Enqueueable, options: EnqueueOptions = {}): RowPlan {
  // A function has a name as well, which no worker would ever know.
  if (typeof job !== "object" || typeof job?.name !== "string") {
    throw new TypeError(`the first argument must be a job or a jobRef, not ${kindOf(job)}`);
  }
  checkName(job.name);
  const where = `enqueueing "${job.name}"`;
  checkOptions(where, options, known);
  return {
    row: {
      ...readPlace(where, job, options),
      ...readTime(where, options),
      ...readLinks(where, options),
    },
    uniques: readUniques(where, job, options),
    isKeyed: options.unique !== undefined,
  };
}

type Row = RowPlan["row"];

function readPlace(where: string, job: Enqueueable, options: EnqueueOptions): Row {
  const { label } = options;
  const queue = options.queue ?? job.queue;
  const priority = options.priority ?? job.priority;
  if (queue !== undefined) checkQueue(where, queue);
  if (priority !== undefined) checkPriority(where, priority);
  if (label !== undefined && typeof label !== "string") {
    throw new TypeError(`${where}: label must be a string, not ${kindOf(label)}`);
  }
  return {
    name: job.name,
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
    ...(label !== undefined && { label }),
  };
}

function readTime(where: string, { delay, at }: EnqueueOptions): Partial<Row> {
  if (delay !== undefined && at !== undefined) {
    throw new TypeError(`${where}: give delay or at, not both`);
  }
  if (delay !== undefined) {
    return { delayMs: inPlace(`${where}: delay`, () => parseDuration(delay)) };
  }
  if (at === undefined) return {};
  const time: unknown = at instanceof Date ? at.getTime() : at;
  if (typeof time === "number" && Number.isFinite(time) && Math.abs(time) <= 8.64e15) {
    return { runAt: Math.max(0, Math.round(time)) };
  }
  throw new TypeError(`${where}: at must be a valid Date or milliseconds since 1970`);
}

function readLinks(where: string, options: EnqueueOptions): Partial<Row> {
  const { after, ifDependencyFails, batch } = options;
  const ids = after === undefined ? [] : readAfter(where, after);
  return {
    ...(ids.length > 0 && { after: ids }),
    ...(ifDependencyFails !== undefined && {
      ifDependencyFails: oneOf(`${where}: ifDependencyFails`, ifDependencyFails, ["fail", "run"]),
    }),
    ...(batch !== undefined && batch !== null && { batchId: readId(`${where}: batch`, batch) }),
  };
}

/** The same job twice is the same as once; one that was dropped has ended, as in a batch. */
function readAfter(where: string, after: unknown): readonly number[] {
  const told = [after].flat().filter((one) => !isDropped(one));
  const ids = [...new Set(told.map((one) => readId(`${where}: after`, one)))];
  if (ids.length <= 1_000) return ids;
  throw new TypeError(`${where}: after has ${ids.length} jobs, and 1000 is the most; use a batch`);
}

function isDropped(one: unknown): boolean {
  const { outcome } = (one ?? {}) as { readonly outcome?: unknown };
  return outcome === "discarded";
}

function readId(where: string, value: unknown): number {
  const id = typeof value === "object" && value !== null ? (value as { id?: unknown }).id : value;
  if (Number.isSafeInteger(id) && (id as number) >= 1) return id as number;
  const found = typeof id === "number" ? String(id) : kindOf(value);
  throw new TypeError(`${where} takes ids, whole numbers of at least 1, not ${found}`);
}

/** The idempotency key first: a request that comes again is answered as it was the first time. */
function readUniques(
  where: string,
  job: Enqueueable,
  { unique, idempotencyKey }: EnqueueOptions,
): readonly UniquePolicy[] {
  const own = readOwn(`${where}: unique`, job, unique);
  if (idempotencyKey === undefined) return own;
  return [readIdempotencyKey(`${where}: idempotencyKey`, idempotencyKey), ...own];
}

function readOwn(
  where: string,
  job: Enqueueable,
  unique: EnqueueOptions["unique"],
): readonly UniquePolicy[] {
  if (unique === undefined) return job.unique ? [job.unique] : [];
  if (unique === false) return [];
  return [readUnique(where, typeof unique === "string" ? { key: unique } : unique)];
}
