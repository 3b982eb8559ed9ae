// How many jobs of a key may run at once: read when a job is defined.

import type { OnConflict } from "@queue-runtime/store";
import { type Duration, parseDuration } from "../values/duration.ts";
import { checkOptions, inPlace, oneOf, placed, wholeNumber } from "../values/options.ts";
import { type KeyFunction, readGroup, readKey } from "./keys.ts";

export interface ConcurrencyOptions<Input = unknown> {
  /** A text, or a function of the stored input that answers one, or null for no limit. */
  readonly key: string | KeyFunction<Input>;
  /** How many jobs of the key may run at once; 1 by default. */
  readonly limit?: number;
  /**
   * Jobs with the same group share their keys; the name of the job by default. Each keeps to its
   * own limit, and one with a smaller limit waits while the others have so many: give all the same.
   */
  readonly group?: string;
  /** How long a slot outlives the last sign of its holder's life; 3m by default. No time-out. */
  readonly duration?: Duration;
  /**
   * What becomes of a job that finds no slot. `block` (the default): it waits. `discard`: it is
   * dropped, and the answer says so. `fail`: enqueueing it is refused with a StoreError, code
   * `conflict`. `replace`: jobs of the key that have not begun are cancelled in its favour.
   */
  readonly onConflict?: OnConflict;
}

export interface ConcurrencyPolicy {
  /** For messages: the key of which limit of which job. */
  readonly where: string;
  readonly key: string | KeyFunction;
  readonly limit: number;
  readonly group: string;
  readonly durationMs: number;
  readonly onConflict: OnConflict;
}

const policies = ["block", "discard", "replace", "fail"] as const;

/** @throws TypeError */
export function readConcurrency(
  where: string,
  job: string,
  options: unknown,
): readonly ConcurrencyPolicy[] {
  return placed(`${where}: concurrency`, options).map(([place, one]) => readOne(place, job, one));
}

function readOne(where: string, job: string, value: unknown): ConcurrencyPolicy {
  checkOptions(where, value, ["key", "limit", "group", "duration", "onConflict"]);
  const options = value as ConcurrencyOptions;
  const durationMs = inPlace(`${where}.duration`, () => parseDuration(options.duration ?? "3m"));
  if (durationMs === 0) throw new TypeError(`${where}.duration must be longer than 0`);
  return Object.freeze({
    where: `${where}.key`,
    key: readKey(`${where}.key`, options.key),
    limit: wholeNumber(`${where}.limit`, options.limit ?? 1),
    group: readGroup(where, job, options.group),
    durationMs,
    onConflict: oneOf(`${where}.onConflict`, options.onConflict ?? "block", policies),
  });
}
