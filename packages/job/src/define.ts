// `defineJob` and `defineIteration`: what job authors write. Every mistake that can be seen in a
// definition is reported when the module loads, in one sentence.

import type { Json } from "@queue-runtime/store";
import type { JobContext } from "./context.ts";
import { type Enumerator, type JobDefinition, sealDefinition } from "./define/definition.ts";
import {
  functionOf,
  iterationOptions,
  plainOptions,
  readCommon,
  readIteration,
  readName,
} from "./define/options.ts";
import type { RetryFunction, RetryOptions } from "./define/retry.ts";
import type { ConcurrencyOptions } from "./flow/concurrency.ts";
import type { RateOptions } from "./flow/rate.ts";
import type { UniqueOptions } from "./flow/unique.ts";
import type { ScheduleOptions } from "./schedule/read-schedule.ts";
import type { Duration } from "./values/duration.ts";
import type { StandardSchema } from "./values/schema.ts";

interface CommonOptions<Name extends string, Args, Input> {
  /** What the job is known by, everywhere and for ever; not a bare integer. */
  readonly name: Name;
  /** `default` by default. */
  readonly queue?: string;
  /** Smaller is more urgent; 0 by default. */
  readonly priority?: number;
  /** The longest one run may take; no limit by default. */
  readonly timeout?: Duration;
  /** Any Standard Schema; the input is checked at enqueue and again at claim. */
  readonly input?: StandardSchema<Input, Args>;
  /** Three retries by default, after 5, 10 and 20 seconds and a little at random. */
  readonly retry?: RetryOptions | RetryFunction<Args>;
  /** How many jobs of a key may run at once, over all hosts; no limit by default. */
  readonly concurrency?: OneOrMany<ConcurrencyOptions<NoInfer<Input>>>;
  /** How often runs may begin, over all hosts; no limit by default. */
  readonly rate?: OneOrMany<RateOptions<NoInfer<Input>>>;
  /** At most one job of a key at a time; any number by default. */
  readonly unique?: UniqueOptions<NoInfer<Input>>;
  /** Enqueues the job by the clock: `0 3 * * *`, `@daily`, `every 10m`. Never by default. */
  readonly schedule?: string | ScheduleOptions<NoInfer<Input>>;
}

type OneOrMany<Options> = Options | readonly Options[];

export interface JobOptions<Name extends string, Args, Input, Result>
  extends CommonOptions<Name, Args, Input> {
  /** Does the work. What it returns is stored as JSON; what it throws is retried. */
  perform(input: Args, context: JobContext): Result | Promise<Result>;
}

export interface IterationOptions<
  Name extends string,
  Args,
  Input,
  Result,
  Item,
  Cursor extends Json,
> extends CommonOptions<Name, Args, Input> {
  /** After how long a run is interrupted to make room for others; never by default. */
  readonly maxRuntime?: Duration;
  /** The position is saved no later than `every` (1s by default) after the last save. */
  readonly checkpoint?: { readonly every?: Duration };
  /** One or several names of interruption adapters; those of the runtime by default. */
  readonly interruptionAdapter?: string | readonly string[];
  /** Every `[item, cursor]` after `context.cursor`, which is null on the first run. */
  buildEnumerator(
    input: Args,
    context: JobContext<Cursor>,
  ): Enumerator<Item, Cursor> | Promise<Enumerator<Item, Cursor>>;
  /** Does one item: at least once, and exactly once across clean stops. */
  eachIteration(item: Item, context: JobContext<Cursor>): unknown;
  /** Before the first item of the first run. */
  onStart?(input: Args, context: JobContext<Cursor>): unknown;
  /** At every interruption, before any worker can see the job again. */
  onInterrupt?(input: Args, context: JobContext<Cursor>): unknown;
  /** Before a run that goes on from a cursor. */
  onResume?(input: Args, context: JobContext<Cursor>): unknown;
  /** After the last item; what it returns is the job's result. */
  onComplete?(input: Args, context: JobContext<Cursor>): Result | Promise<Result>;
}

/**
 * Defines a job that runs in one go.
 * @throws TypeError, one sentence, when an option is wrong
 */
export function defineJob<
  const Name extends string,
  Args = unknown,
  Input = Args,
  Result = unknown,
>(options: JobOptions<Name, Args, Input, Result>): JobDefinition<Name, Input, Args, Result> {
  const where = readName("defineJob", options, plainOptions);
  const perform = functionOf(where, options, "perform");
  return sealDefinition({ ...readCommon(where, options), perform, iteration: null });
}

/**
 * Defines a job that goes through items and can be interrupted between any two of them: after a
 * deploy or a crash it goes on where it was. Write `buildEnumerator` before `eachIteration`, so
 * that the type of the items is known there.
 * @throws TypeError, one sentence, when an option is wrong
 */
export function defineIteration<
  const Name extends string,
  Args = unknown,
  Input = Args,
  Item = unknown,
  Cursor extends Json = Json,
  Result = unknown,
>(
  options: IterationOptions<Name, Args, Input, Result, Item, Cursor>,
): JobDefinition<Name, Input, Args, Result> {
  const where = readName("defineIteration", options, iterationOptions);
  const iteration = readIteration<Args, Result>(where, options);
  return sealDefinition({ ...readCommon(where, options), perform: null, iteration });
}
