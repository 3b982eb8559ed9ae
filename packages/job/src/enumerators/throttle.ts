// Ends the run while something is under strain, and goes on later from the same place: no attempt
// is spent and no worker waits. Asked before each item is fetched, because fetching strains too.

import type { Json } from "@queue-runtime/store";
import type { JobContext } from "../context.ts";
import type { Enumerator } from "../define/definition.ts";
import { Interrupt } from "../errors.ts";
import type { RateLimit } from "../flow/rate.ts";
import { type Duration, parseDuration } from "../values/duration.ts";
import { checkOptions, inPlace } from "../values/options.ts";
import { sizeOf, unsized } from "./resume.ts";

const where = "enumerators.throttle";

export interface ThrottleOptions {
  /** Whether to hold back now; may look anywhere, and take its time. */
  readonly when: () => boolean | Promise<boolean>;
  /** How long to hold back; 30s by default. */
  readonly backoff?: Duration | (() => Duration);
}

/** One slot of the rate per item; the run goes on when the next one is free. */
export interface RateThrottleOptions {
  readonly rate: RateLimit & { readonly key: string };
  /** That of `buildEnumerator`. */
  readonly context: Pick<JobContext, "take">;
}

/** How long to hold back in milliseconds, or null to go on. */
type Question = () => Promise<Duration | null>;

export function throttle<Item, Cursor extends Json>(
  inner: Enumerator<Item, Cursor>,
  options: ThrottleOptions | RateThrottleOptions,
): Enumerator<Item, Cursor> {
  checkOptions(where, options, ["when", "backoff", "rate", "context"]);
  const question = "rate" in options ? askRate(options) : askWhen(options);
  return unsized(() => throttled(inner, question), sizeOf(inner));
}

function askWhen({ when, backoff = "30s" }: ThrottleOptions): Question {
  if (typeof when !== "function")
    throw new TypeError(`${where} needs the function when, or a rate`);
  if (typeof backoff !== "function") inPlace(`${where}: backoff`, () => parseDuration(backoff));
  return async () => {
    if (!(await when())) return null;
    return typeof backoff === "function" ? backoff() : backoff;
  };
}

function askRate(options: RateThrottleOptions): Question {
  const { rate, context } = options;
  if ("when" in options || "backoff" in options) {
    throw new TypeError(`${where} takes a rate or when, not both`);
  }
  if (typeof context?.take !== "function") {
    throw new TypeError(`${where} needs the context of buildEnumerator with a rate`);
  }
  checkOptions(`${where}: rate`, rate, ["key", "limit", "per", "burst", "group"]);
  const { key, ...limit } = rate;
  return async () => (await context.take(key, limit)) || null;
}

async function* throttled<Item, Cursor extends Json>(
  inner: Enumerator<Item, Cursor>,
  question: Question,
): AsyncGenerator<readonly [Item, Cursor]> {
  await holdBack();
  for await (const pair of inner) {
    yield pair;
    await holdBack();
  }

  async function holdBack(): Promise<void> {
    const delay = await question();
    if (delay !== null) throw new Interrupt("throttled", { delay });
  }
}
