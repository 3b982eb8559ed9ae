// The ordinary one: short, and worth another try when the world is not ready.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineJob } from "queue-runtime";

const outbox = join(import.meta.dirname, "../data/outbox");

export const sendReceipt = defineJob({
  name: "receipt.send",
  retry: { limit: 5, base: "500ms", max: "10s" },
  perform(input: { order: number; total: string }, { job, attempt, log }) {
    // every seventh mail server is down at first
    if (input.order % 7 === 0 && attempt === 1) throw new Error("the mail server is busy");
    mkdirSync(outbox, { recursive: true });
    writeFileSync(join(outbox, `${input.order}.txt`), `Order ${input.order}: ${input.total}\n`);
    log.debug({ order: input.order }, `receipt of job ${job.id} sent`);
    return { order: input.order };
  },
});
