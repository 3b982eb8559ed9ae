// Waits for a condition instead of for a time.

import { setTimeout as sleep } from "node:timers/promises";
import { within } from "./pace.ts";

export interface WaitOptions {
  /**
   * When to give up, in milliseconds; by default 15,000, and more on a slow machine: others may keep
   * it busy.
   */
  readonly deadlineMs?: number;
  /** How often to ask, in milliseconds; 5 by default. */
  readonly everyMs?: number;
  /** What was waited for, in the error; the source of the condition by default. */
  readonly what?: string;
}

/** Resolves with the first answer of `condition` that is not false, null or undefined. */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const giveUpAt = performance.now() + (options.deadlineMs ?? within(15_000));
  for (;;) {
    const answer = await condition();
    if (answer !== false && answer !== null && answer !== undefined)
      return answer as NonNullable<Exclude<T, false>>;
    if (performance.now() > giveUpAt)
      throw new Error(`waited in vain for ${options.what ?? condition.toString()}`);
    await sleep(options.everyMs ?? 5);
  }
}
