// How often runs may begin: read when a job is defined, or when a run asks for a slot of its own.

import { type Gate, type Rate, rateGate, whyNoBurst } from "@queue-runtime/store";
import { type Duration, parseDuration } from "../values/duration.ts";
import { checkOptions, inPlace, kindOf, placed, wholeNumber } from "../values/options.ts";
import { checkLength, type KeyFunction, keyFor, rateKey, readGroup, readKey } from "./keys.ts";

/** At most `limit` in any `per`, kept by the store for all hosts together. */
export interface RateLimit {
  readonly limit: number;
  readonly per: Duration;
  /**
   * How many at once: at most so many in any `per * burst / limit`. Divides `limit`, which is the
   * default.
   */
  readonly burst?: number;
  /** Jobs with the same group share their keys; the name of the job by default. */
  readonly group?: string;
}

/** At most `limit` runs begin in any `per`. A run that goes on or is repeated begins again. */
export interface RateOptions<Input = unknown> extends RateLimit {
  /**
   * A text, or a function of the stored input that answers one, or null for no limit. Absent: all
   * jobs of the group together.
   */
  readonly key?: string | KeyFunction<Input>;
}

export interface RatePolicy {
  /** For messages: the key of which rate of which job. */
  readonly where: string;
  /** null: all jobs of the group together. */
  readonly key: string | KeyFunction | null;
  readonly group: string;
  readonly rate: Rate;
}

const limitOptions = ["limit", "per", "burst", "group"];

/** @throws TypeError */
export function readRates(where: string, job: string, options: unknown): readonly RatePolicy[] {
  return placed(`${where}: rate`, options).map(([place, one]) => {
    checkOptions(place, one, ["key", ...limitOptions]);
    const { key } = one as RateOptions;
    return readPolicy(place, job, [key, one as RateOptions]);
  });
}

/** What `context.take` was given. @throws TypeError */
export function readTake(job: string, key: unknown, limit: unknown): Gate {
  const where = `job "${job}": take`;
  if (typeof key !== "string") {
    throw new TypeError(`${where} needs a key, a string, not ${kindOf(key)}`);
  }
  checkOptions(where, limit, limitOptions);
  return rateFor(readPolicy(where, job, [key, limit as RateLimit]), null)!;
}

function readPolicy(
  where: string,
  job: string,
  [key, options]: readonly [unknown, RateLimit],
): RatePolicy {
  return Object.freeze({
    where: `${where}.key`,
    key: key === undefined ? null : readKey(`${where}.key`, key),
    group: readGroup(where, job, options.group),
    rate: Object.freeze(readRate(where, options)),
  });
}

function readRate(where: string, options: RateLimit): Rate {
  const limit = wholeNumber(`${where}.limit`, options.limit);
  if (options.per === undefined) throw new TypeError(`${where}.per is missing: give "1s" or "1m"`);
  const perMs = inPlace(`${where}.per`, () => parseDuration(options.per));
  if (perMs === 0) throw new TypeError(`${where}.per must be longer than 0`);
  const burst = wholeNumber(`${where}.burst`, options.burst ?? limit);
  const wrong = whyNoBurst({ limit, burst });
  if (wrong !== null) throw new TypeError(`${where}.burst ${wrong}`);
  return { limit, perMs, burst };
}

/** The gate for one input, or null for no limit. @throws TypeError */
export function rateFor(policy: RatePolicy, args: Parameters<typeof keyFor>[2]): Gate | null {
  const { where, group, rate } = policy;
  const key = policy.key === null ? null : keyFor(where, policy.key, args);
  if (policy.key !== null && key === null) return null;
  return rateGate(checkLength(where, rateKey(group, key)), rate);
}
