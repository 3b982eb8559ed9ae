// Jobs without a cursor: one that waits, one that waits and listens, one that spins, one that is
// short.

import { setTimeout as delay } from "node:timers/promises";
import { type AbortReason, defineJob } from "queue-runtime";
import { recorder } from "../record.ts";

/** Waits whatever happens; records when its signal aborts. */
export const wait = defineJob({
  name: "wait",
  async perform({ ms }: { ms: number }, context) {
    const record = recorder(context);
    record("start");
    context.signal.addEventListener("abort", () => {
      record("abort", { reason: (context.signal.reason as AbortReason).reason });
    });
    await delay(ms);
    record("end");
  },
});

/** Waits until it is told to end by its signal. */
export const listen = defineJob({
  name: "listen",
  async perform({ ms }: { ms: number }, context) {
    const record = recorder(context);
    record("start");
    try {
      await delay(ms, undefined, { signal: context.signal });
      record("end");
    } catch (error) {
      record("abort", { reason: (context.signal.reason as AbortReason).reason });
      throw error;
    }
  },
});

/** Never yields to its event loop; looks at `stopping` if told to. */
export const spin = defineJob({
  name: "spin",
  perform({ ms, polite = false }: { ms: number; polite?: boolean }, context) {
    const record = recorder(context);
    record("start");
    const until = performance.now() + ms;
    while (performance.now() < until) {
      if (!polite || !context.stopping) continue;
      record("stopping");
      return;
    }
    record("end");
  },
});

/** Takes no time, and leaves one record. */
export const quick = defineJob({
  name: "quick",
  perform(_input: unknown, context) {
    recorder(context)("done");
  },
});
