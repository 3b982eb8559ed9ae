// Reads the options of a definition: unknown input in, checked values with their defaults out.

import { readConcurrency } from "../flow/concurrency.ts";
import { checkGates } from "../flow/gates.ts";
import { readRates } from "../flow/rate.ts";
import { readUnique } from "../flow/unique.ts";
import { readSchedule, type SchedulePolicy } from "../schedule/read-schedule.ts";
import { type Duration, parseDuration } from "../values/duration.ts";
import { checkOptions, inPlace, kindOf } from "../values/options.ts";
import { isStandardSchema, type StandardSchema, validate } from "../values/schema.ts";
import type { Iteration, JobDefinition } from "./definition.ts";
import { checkName, checkPriority, checkQueue } from "./names.ts";
import { readRetry } from "./retry.ts";

const commonOptions = [
  ...["name", "queue", "priority", "timeout", "input", "retry"],
  ...["concurrency", "rate", "unique", "schedule"],
] as const;

export const plainOptions: readonly string[] = [...commonOptions, "perform"];

const callbacks = ["onStart", "onInterrupt", "onResume", "onComplete"] as const;

export const iterationOptions: readonly string[] = [
  ...commonOptions,
  ...["maxRuntime", "checkpoint", "interruptionAdapter", "buildEnumerator", "eachIteration"],
  ...callbacks,
];

// Types promise all of this already; plain JavaScript and casts do not.
type Unchecked = { readonly [option: string]: unknown };

/** The words that open every message about this definition. */
export function readName(call: string, options: object, known: readonly string[]): string {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${call} takes an object of options, not ${kindOf(options)}`);
  }
  const { name } = options as Unchecked;
  checkName(name);
  const where = `job "${name}"`;
  checkOptions(where, options, known);
  return where;
}

type Common<Name extends string, Input, Args> = Pick<
  JobDefinition<Name, Input, Args>,
  "name" | "queue" | "priority" | "timeoutMs" | "input" | "retry" | keyof Flow
>;

type Flow = Pick<JobDefinition, "concurrency" | "rate" | "unique" | "schedule">;

export function readCommon<Name extends string, Input, Args>(
  where: string,
  options: { readonly name: Name } & object,
): Common<Name, Input, Args> {
  const { queue = "default", priority = 0, timeout, input, retry } = options as Unchecked;
  checkQueue(where, queue);
  checkPriority(where, priority);
  if (input !== undefined && !isStandardSchema(input)) {
    throw new TypeError(
      `${where}: input must be a Standard Schema (zod, valibot, …), not ${kindOf(input)}`,
    );
  }
  return {
    name: options.name,
    queue,
    priority,
    timeoutMs: timeout === undefined ? null : positive(`${where}: timeout`, timeout),
    input: (input ?? null) as Common<Name, Input, Args>["input"],
    retry: readRetry(where, retry),
    ...readFlow(where, options),
  };
}

function readFlow(where: string, options: { readonly name: string } & object): Flow {
  const { name, concurrency, rate, unique, schedule } = options as Unchecked & typeof options;
  const limits = {
    concurrency: Object.freeze(readConcurrency(where, name, concurrency)),
    rate: Object.freeze(readRates(where, name, rate)),
  };
  checkGates(where, { name, ...limits });
  return {
    ...limits,
    unique: unique === undefined ? null : readUnique(`${where}: unique`, unique),
    schedule: scheduleWith(readSchedule(where, schedule), where, options),
  };
}

/** An input that its own schema refuses would fail at every tick. @throws TypeError */
function scheduleWith(
  schedule: SchedulePolicy | null,
  where: string,
  { name, input }: Unchecked & { readonly name: string },
): SchedulePolicy | null {
  if (schedule === null || input === undefined) return schedule;
  inPlace(`${where}: schedule`, () => {
    const valid = validate(input as StandardSchema, name, schedule.input);
    // A schema that takes its time is asked again when the task is stored.
    if (valid instanceof Promise) valid.catch(() => {});
  });
  return schedule;
}

export function readIteration<Args, Result>(
  where: string,
  options: object,
): Iteration<Args, Result> {
  const { maxRuntime, checkpoint = {}, interruptionAdapter } = options as Unchecked;
  checkOptions(`${where}: checkpoint`, checkpoint, ["every"]);
  const { every = "1s" } = checkpoint as { every?: Duration };
  const iteration = {
    maxRuntimeMs: maxRuntime === undefined ? null : positive(`${where}: maxRuntime`, maxRuntime),
    checkpointEveryMs: inPlace(`${where}: checkpoint.every`, () => parseDuration(every)),
    interruptionAdapters: readAdapters(where, interruptionAdapter),
    buildEnumerator: functionOf(where, options, "buildEnumerator"),
    eachIteration: functionOf(where, options, "eachIteration"),
  };
  for (const name of callbacks) {
    if ((options as Unchecked)[name] === undefined) continue;
    Object.assign(iteration, { [name]: functionOf(where, options, name) });
  }
  return Object.freeze(iteration) as Iteration<Args, Result>;
}

/** @throws TypeError */
// biome-ignore lint/suspicious/noExplicitAny: its caller knows the type of the function
export function functionOf(where: string, options: object, name: string): any {
  const value = (options as Unchecked)[name];
  if (typeof value === "function") return value;
  const found = value === undefined ? "it is missing" : `it is ${kindOf(value)}`;
  throw new TypeError(`${where} needs the function ${name}; ${found}`);
}

function readAdapters(where: string, names: unknown): readonly string[] | null {
  if (names === undefined) return null;
  const list: readonly unknown[] = [names].flat();
  if (list.length > 0 && list.every((name) => typeof name === "string" && name !== "")) {
    return Object.freeze(list as readonly string[]);
  }
  throw new TypeError(`${where}: interruptionAdapter must be a name or a list of names`);
}

function positive(where: string, duration: unknown): number {
  const ms = inPlace(where, () => parseDuration(duration as Duration));
  if (ms > 0) return ms;
  throw new TypeError(`${where} must be longer than 0; leave it out for no limit`);
}
