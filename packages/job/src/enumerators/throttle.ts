// Ends the run while something is under strain, and goes on later from the same place: no attempt
// is spent and no worker waits. Asked before each item is fetched, because fetching strains too.

import type { Json } from "@queue-runtime/store";
import type { Enumerator } from "../define/definition.ts";
import { Interrupt } from "../errors.ts";
import { type Duration, parseDuration } from "../values/duration.ts";
import { checkOptions, inPlace } from "../values/options.ts";
import { sizeOf, unsized } from "./resume.ts";

export interface ThrottleOptions {
  /** Whether to hold back now; may look anywhere, and take its time. */
  readonly when: () => boolean | Promise<boolean>;
  /** How long to hold back; 30s by default. */
  readonly backoff?: Duration | (() => Duration);
}

export function throttle<Item, Cursor extends Json>(
  inner: Enumerator<Item, Cursor>,
  options: ThrottleOptions,
): Enumerator<Item, Cursor> {
  checkOptions("enumerators.throttle", options, ["when", "backoff"]);
  const { when, backoff = "30s" } = options;
  if (typeof when !== "function") {
    throw new TypeError("enumerators.throttle needs the function when");
  }
  if (typeof backoff !== "function") {
    inPlace("enumerators.throttle: backoff", () => parseDuration(backoff));
  }
  return unsized(() => throttled(inner, { when, backoff }), sizeOf(inner));
}

async function* throttled<Item, Cursor extends Json>(
  inner: Enumerator<Item, Cursor>,
  { when, backoff }: Required<ThrottleOptions>,
): AsyncGenerator<readonly [Item, Cursor]> {
  await holdBack();
  for await (const pair of inner) {
    yield pair;
    await holdBack();
  }

  async function holdBack(): Promise<void> {
    if (!(await when())) return;
    const delay = typeof backoff === "function" ? backoff() : backoff;
    throw new Interrupt("throttled", { delay });
  }
}
