// An iteration that records every item it does, and when it is interrupted and taken up again.

import { setTimeout as delay } from "node:timers/promises";
import { defineIteration, enumerators } from "queue-runtime";
import { recorder } from "../record.ts";

interface ItemsInput {
  readonly count: number;
  /** How long an item takes, in milliseconds. */
  readonly ms: number;
  /** Spend that time without yielding to the event loop. */
  readonly spin?: boolean;
}

export const items = defineIteration({
  name: "items",
  checkpoint: { every: "200ms" },
  buildEnumerator: ({ count }: ItemsInput, { cursor }) => enumerators.times(count, { cursor }),
  async eachIteration(item: number, context) {
    const { ms, spin = false } = context.job.args as unknown as ItemsInput;
    const until = performance.now() + ms;
    if (!spin) await delay(ms);
    else while (performance.now() < until);
    recorder(context)("item", { item });
  },
  onStart: (_input, context) => recorder(context)("iteration start"),
  onInterrupt: (_input, context) => recorder(context)("iteration interrupt"),
  onResume: (_input, context) => recorder(context)("iteration resume"),
  onComplete: (_input, context) => recorder(context)("iteration complete"),
});
