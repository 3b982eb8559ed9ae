// How often and when a failed job runs again: a policy is read once, when the job is defined.

import { type Duration, parseDuration } from "../values/duration.ts";
import { checkOptions, inPlace, kindOf } from "../values/options.ts";

export interface RetryOptions {
  /** Retries after the first attempt; 3 by default, 0 for none. */
  readonly limit?: number;
  /** `exponential` (the default) doubles the delay with every retry. */
  readonly backoff?: "exponential" | "constant";
  /** The delay of the first retry; 5s by default. */
  readonly base?: Duration;
  /** The longest delay; 1h by default, or `base` if that is longer. */
  readonly max?: Duration;
  /** Up to this fraction is added at random to a delay, never beyond `max`; 0.2 by default. */
  readonly jitter?: number;
}

/**
 * Decides after each failed attempt (counted from 1): how long to wait, or false to give up. There
 * is no other limit. When it throws, the job fails without a retry.
 */
export type RetryFunction<Args = unknown> = {
  // As a method, so that jobs with different inputs fit in one list.
  method(attempt: number, error: unknown, input: Args): Duration | false;
}["method"];

export interface RetryPolicy {
  readonly limit: number;
  readonly backoff: "exponential" | "constant";
  readonly baseMs: number;
  readonly maxMs: number;
  readonly jitter: number;
}

/** @throws TypeError */
export function readRetry(where: string, retry: unknown): RetryPolicy | RetryFunction {
  if (typeof retry === "function") return retry as RetryFunction;
  checkOptions(`${where}: retry`, retry ?? {}, ["limit", "backoff", "base", "max", "jitter"]);
  const options = (retry ?? {}) as RetryOptions;
  const baseMs = inPlace(`${where}: retry.base`, () => parseDuration(options.base ?? "5s"));
  const policy: RetryPolicy = {
    limit: options.limit ?? 3,
    backoff: options.backoff ?? "exponential",
    baseMs,
    maxMs: inPlace(`${where}: retry.max`, () =>
      parseDuration(options.max ?? Math.max(3_600_000, baseMs)),
    ),
    jitter: options.jitter ?? 0.2,
  };
  checkPolicy(`${where}: retry`, policy);
  return Object.freeze(policy);
}

function checkPolicy(where: string, { limit, backoff, baseMs, maxMs, jitter }: RetryPolicy): void {
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new TypeError(
      `${where}.limit must be a whole number of at least 0, not ${String(limit)}`,
    );
  }
  if (backoff !== "exponential" && backoff !== "constant") {
    throw new TypeError(`${where}.backoff must be "exponential" or "constant"`);
  }
  if (maxMs < baseMs) throw new TypeError(`${where}.max is shorter than ${where}.base`);
  if (typeof jitter !== "number" || !(jitter >= 0 && jitter <= 1)) {
    throw new TypeError(`${where}.jitter must be a number between 0 and 1, not ${String(jitter)}`);
  }
}

/** Milliseconds until the next attempt, or null: none is left. `random` is uniform in [0, 1). */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random: number): number | null {
  if (attempt > policy.limit) return null;
  const growth = policy.backoff === "constant" ? 1 : 2 ** (attempt - 1);
  const plain = Math.min(policy.maxMs, policy.baseMs * growth);
  // At the cap the window moves down, not shut: jobs that failed together must not stay together.
  const longest = Math.min(policy.maxMs, plain * (1 + policy.jitter));
  const shortest = Math.max(policy.baseMs, longest - plain * policy.jitter);
  return Math.round(shortest + random * (longest - shortest));
}

/** What a retry function answered, as milliseconds or null. @throws RangeError or TypeError */
export function readRetryAnswer(answer: unknown): number | null {
  if (answer === false) return null;
  if (typeof answer === "number" || typeof answer === "string") return parseDuration(answer);
  throw new TypeError(`a retry function answers a duration or false, not ${kindOf(answer)}`);
}
