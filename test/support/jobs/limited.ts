// Jobs with limits: their records say when each run began and ended, so that a test can tell how
// many there were at once.

import { setTimeout as delay } from "node:timers/promises";
import { defineJob } from "queue-runtime";
import { recorder } from "../record.ts";

interface Input {
  readonly key: string;
  readonly ms: number;
}

/** One at a time per key. */
export const exclusive = defineJob({
  name: "exclusive",
  concurrency: { key: (input: Input) => input.key },
  async perform({ key, ms }: Input, context) {
    const record = recorder(context);
    record("began", { key });
    await delay(ms);
    record("ended", { key });
  },
});

/** Goes on until it is interrupted, and the next time ends where it stands. */
export const steps = defineJob({
  name: "steps",
  concurrency: { key: "steps", onConflict: "discard" },
  async perform(_input: unknown, context) {
    const record = recorder(context);
    let done = (context.cursor as number | null) ?? 0;
    record("began", { done });
    while (context.job.interruptions === 0) {
      await delay(20);
      done++;
      await context.checkpoint(done);
    }
    record("ended", { done });
  },
});

/** At most three runs begin in a second. */
export const rated = defineJob({
  name: "rated",
  rate: { limit: 3, per: "1s" },
  perform(_input: unknown, context) {
    recorder(context)("began");
  },
});

/** Asks for slots of a rate of its own, and enqueues what follows it. */
export const taker = defineJob({
  name: "taker",
  async perform(_input: unknown, context) {
    const rate = { limit: 2, per: "1m" } as const;
    const waits = [];
    for (let count = 0; count < 3; count++) waits.push(await context.take("mailer", rate));
    const { id } = await context.enqueue(rated, {}, { delay: "1h" });
    const follower = await context.enqueue(rated, {}, { after: id, batch: context.job.batchId });
    recorder(context)("took", { waits, id, follower: follower.id });
  },
});
