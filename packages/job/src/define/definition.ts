// What `defineJob` and `defineIteration` make: a frozen value that carries a job's name, limits and
// code. It is known by a brand, not by a class: two copies of this package may be installed.

import type { Json } from "@queue-runtime/store";
import type { JobContext } from "../context.ts";
import type { ConcurrencyPolicy } from "../flow/concurrency.ts";
import type { RatePolicy } from "../flow/rate.ts";
import type { UniquePolicy } from "../flow/unique.ts";
import type { SchedulePolicy } from "../schedule/read-schedule.ts";
import type { StandardSchema } from "../values/schema.ts";
import type { RetryFunction, RetryPolicy } from "./retry.ts";

const brand = Symbol.for("queue-runtime.job");

/**
 * `Input` is what one enqueues, `Args` what the job's code is given (they differ when the schema
 * transforms), `Result` what it returns.
 */
export interface JobDefinition<
  Name extends string = string,
  Input = unknown,
  Args = unknown,
  Result = unknown,
> {
  readonly name: Name;
  readonly queue: string;
  readonly priority: number;
  /** The longest one run may take; null for no limit. */
  readonly timeoutMs: number | null;
  readonly input: StandardSchema<Input, Args> | null;
  readonly retry: RetryPolicy | RetryFunction<Args>;
  /** Slots that a job needs to run; none for most. */
  readonly concurrency: readonly ConcurrencyPolicy[];
  /** How often runs may begin; none for most. */
  readonly rate: readonly RatePolicy[];
  /** What one job at a time has for itself, or null. */
  readonly unique: UniquePolicy | null;
  /** The recurring task that comes with the job, or null. */
  readonly schedule: SchedulePolicy | null;
  /** null for an iteration. */
  readonly perform: Perform<Args, Result> | null;
  /** null for a plain job. */
  readonly iteration: Iteration<Args, Result> | null;
  /** Never set: carries the types. */
  readonly types?: { readonly input: Input; readonly args: Args; readonly result: Result };
}

// Methods, not function properties, below: a list of jobs with different inputs must be a list.

export type Perform<Args, Result> = {
  method(input: Args, context: JobContext): Result | Promise<Result>;
}["method"];

/** The resumable kind: its enumerator, what to do with each item, and how it is interrupted. */
export interface Iteration<Args = unknown, Result = unknown> {
  /** After how long a run makes room for others; null for never. */
  readonly maxRuntimeMs: number | null;
  /** The runner saves the position no later than this after the last save. */
  readonly checkpointEveryMs: number;
  /** Names of interruption adapters; null: those of the runtime. */
  readonly interruptionAdapters: readonly string[] | null;
  buildEnumerator(
    input: Args,
    context: JobContext,
  ): Enumerator<unknown> | Promise<Enumerator<unknown>>;
  eachIteration(item: unknown, context: JobContext): unknown;
  onStart?(input: Args, context: JobContext): unknown;
  onInterrupt?(input: Args, context: JobContext): unknown;
  onResume?(input: Args, context: JobContext): unknown;
  onComplete?(input: Args, context: JobContext): Result | Promise<Result>;
}

/**
 * A sequence of `[item, cursor]`, synchronous or not. The cursor is JSON, not null, and says enough
 * to go on after its item. `size`, where known, is how many items are left.
 */
export type Enumerator<Item, Cursor extends Json = Json> = (
  | Iterable<readonly [Item, Cursor]>
  | AsyncIterable<readonly [Item, Cursor]>
) & { readonly size?: number | null };

/** Marks a definition and makes it final. */
export function sealDefinition<Definition extends object>(definition: Definition): Definition {
  Object.defineProperty(definition, brand, { value: 1 });
  return Object.freeze(definition);
}

/** Whether `defineJob` or `defineIteration` made it, of whichever copy of this package. */
export function isJobDefinition(value: unknown): value is JobDefinition {
  return typeof value === "object" && value !== null && (value as { [brand]?: 1 })[brand] === 1;
}
