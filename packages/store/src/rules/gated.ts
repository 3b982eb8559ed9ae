// What a run learned of its gates and keys, checked. What is wrong with them is the error of the
// job: thrown, it would fail the whole turn, and the next one too.

import { StoreError } from "../errors.ts";
import type { Settlement } from "../turn.ts";
import { checkGates, checkUniques } from "./links.ts";

/** The settlement as it is, or the end that it comes to. */
export function soundly(settlement: Settlement): Settlement {
  if (settlement.outcome !== "gated") return settlement;
  const { gates, uniques = [], ...run } = settlement;
  try {
    return { ...run, gates: checkGates(gates), uniques: checkUniques(uniques) };
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.code !== "invalid") throw thrown;
    const { name, message, code, stack = null } = thrown;
    const error = { name, message, code, stack, cause: null };
    return { ...run, outcome: "failed", error, retryDelayMs: null };
  }
}

/** What is left of the time of a key, which counts from when its job was enqueued. */
export function leftOf(
  forMs: number | null,
  { createdAt, now }: { readonly createdAt: number; readonly now: number },
): number | null {
  return forMs === null ? null : forMs - (now - createdAt);
}
