// The clock of the day, finer than the milliseconds that JavaScript has of it.

import { monotonic } from "../../support/runtime-process.ts";

/**
 * What to add to `monotonic()`, in milliseconds, to have the time of day. Asked anew for each round:
 * the clock of the day is put right now and then.
 */
export function dayOffset(): number {
  const before = Date.now();
  let now = before;
  // a millisecond at most
  while (now === before) now = Date.now();
  return now - monotonic();
}
