// Jobs whose definitions say what nobody knows who enqueues them by name: each runs until it is
// cancelled, so that what became of its like does not depend on the time.

import { setTimeout as delay } from "node:timers/promises";
import { defineJob, type JobContext } from "queue-runtime";
import { recorder } from "../record.ts";

interface Input {
  readonly key: string;
}

async function untilCancelled({ key }: Input, context: JobContext): Promise<void> {
  recorder(context)("began", { key });
  await delay(60_000, undefined, { signal: context.signal });
}

export const once = defineJob({
  name: "once",
  unique: { key: (input: Input) => input.key },
  perform: untilCancelled,
});

export const strict = defineJob({
  name: "strict",
  concurrency: { key: (input: Input) => input.key, onConflict: "fail" },
  perform: untilCancelled,
});

export const newest = defineJob({
  name: "newest",
  concurrency: { key: (input: Input) => input.key, onConflict: "replace" },
  perform: untilCancelled,
});

/** Takes no time: who is next is what counts. */
export const mail = defineJob({
  name: "mail",
  concurrency: { key: (input: { tenant: string }) => input.tenant, limit: 1_000 },
  perform({ tenant }: { tenant: string }, context: JobContext) {
    recorder(context)("began", { tenant });
  },
});
