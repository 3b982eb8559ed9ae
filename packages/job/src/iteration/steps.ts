// An enumerator as the loop needs it: opened, checked and closed, synchronous or not.

import type { Json } from "@queue-runtime/store";
import type { Enumerator } from "../define/definition.ts";
import { FatalError } from "../errors.ts";
import type { Logger, RunJob } from "../run.ts";
import { kindOf } from "../values/options.ts";
import { strictJson } from "../values/strict-json.ts";

interface Count {
  done: number;
  readonly total: number | null;
}

type Step = IteratorResult<unknown, unknown>;

export interface Steps {
  next(): Step | PromiseLike<Step>;
  return?(): unknown;
}

const pairs = "[item, cursor], such as enumerators.array(users, { cursor }) or a generator with";
const example = `${pairs} "yield [user, user.id]"`;

/** @throws FatalError, a sentence with an example, when the value cannot be iterated */
export function openEnumerator(job: string, value: unknown): Steps {
  if (value !== null && typeof value === "object") {
    const asynchronous = (value as AsyncIterable<unknown>)[Symbol.asyncIterator];
    if (typeof asynchronous === "function") return asynchronous.call(value) as Steps;
    const synchronous = (value as Iterable<unknown>)[Symbol.iterator];
    if (typeof synchronous === "function") return synchronous.call(value) as Steps;
  }
  const got = typeof value === "function" ? "a function that was not called" : kindOf(value);
  throw new FatalError(
    `buildEnumerator of "${job}" must return an iterable of ${example}; it returned ${got}`,
  );
}

/** Counted from the row; the total is known where the enumerator knows how many items are left. */
export function progressOf(job: RunJob, enumerator: Enumerator<unknown>): Count {
  const done = job.cursor === null ? 0 : job.progress.done;
  const { size } = enumerator;
  const known = Number.isSafeInteger(size) && (size as number) >= 0;
  return { done, total: known ? done + (size as number) : null };
}

/** `owner` opens the sentence. @throws FatalError when the value is no pair */
export function pairOf(owner: string, value: unknown): readonly [unknown, unknown] {
  if (Array.isArray(value) && value.length === 2) return value as unknown as [unknown, unknown];
  throw new FatalError(`${owner} must yield pairs of ${example}; it yielded ${kindOf(value)}`);
}

/** The cursor of an item as JSON; cheap for plain numbers. @throws FatalError, NotJsonError */
export function cursorOf(owner: string, cursor: unknown): Json {
  if (typeof cursor === "number" && Number.isFinite(cursor)) return cursor;
  if (cursor !== null && cursor !== undefined) return strictJson(cursor, "cursor");
  throw new FatalError(`${owner} must yield ${example}; it yielded ${cursor} as a cursor`);
}

/** Lets the enumerator clean up after an early end. What it throws then changes nothing. */
export async function closeSteps(steps: Steps, log: Logger): Promise<void> {
  try {
    await steps.return?.();
  } catch (error) {
    log.warn({ err: error }, "the enumerator failed to clean up");
  }
}
