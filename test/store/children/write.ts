// Enqueues, claims and settles as fast as it can until it is killed. Sends the id of each job
// whose enqueueing was acknowledged, and of each whose end was.

import { openStore } from "@queue-runtime/store";
import { newWorker } from "../contract/world.ts";

const store = await openStore(process.argv[2]!, { durability: "normal" });
const worker = await newWorker(store);
process.send!({ processId: worker.id });

for (;;) {
  const jobs = Array.from({ length: 20 }, () => ({ name: "job", args: "x".repeat(500) }));
  const enqueued = await store.jobs.enqueue(jobs);
  process.send!({ enqueued: enqueued.map(({ id }) => id) });
  const claimed = await worker.claim({ limit: 10 });
  const { refused } = await store.jobs.turn({
    processId: worker.id,
    settlements: claimed.map(({ id, fence }) => ({ id, fence, outcome: "finished", result: id })),
    checkpoints: [],
    claim: null,
  });
  if (refused.length > 0) throw new Error("a settlement was refused");
  process.send!({ finished: claimed.map(({ id }) => id) });
}
