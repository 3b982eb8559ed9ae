// A forked process that enqueues jobs of one key and finishes whatever it gets, both as fast as it
// can, until nothing is left.

import { setTimeout as breathe } from "node:timers/promises";
import { openStore, type Store } from "@queue-runtime/store";
import { slot } from "../contract/flow/words.ts";
import { newWorker } from "../contract/world.ts";

/** Enqueued by one call. */
const together = 4;

export interface Finished {
  /** When each run had the slot at least, by the clock that all processes share. */
  readonly runs: readonly { readonly from: number; readonly to: number }[];
  readonly error: string | null;
}

const now = (): number => Number(process.hrtime.bigint()) / 1e6;

async function finishAll(store: Store, jobs: number): Promise<Finished["runs"]> {
  const worker = await newWorker(store);
  const claim = { queues: ["*"], names: ["job"], limit: 2, idle: true };
  const runs: { from: number; to: number }[] = [];
  let held: { readonly id: number; readonly fence: number; readonly from: number }[] = [];
  for (let enqueued = 0; ; ) {
    if (enqueued < jobs) {
      await store.jobs.enqueue(Array(together).fill({ name: "job", gates: [slot("only")] }));
      enqueued += together;
    } else if (held.length === 0 && !(await store.jobs.outstanding()).busy) return runs;
    for (const { from } of held) runs.push({ from, to: now() });
    const { claimed, refused } = await store.jobs.turn({
      processId: worker.id,
      settlements: held.map(({ id, fence }) => ({ id, fence, outcome: "finished", result: null })),
      checkpoints: [],
      claim,
    });
    if (refused.length > 0) throw new Error("an end was refused");
    // who finds the slot taken leaves the processor to whoever has it
    if (claimed.length === 0 && enqueued >= jobs) await breathe(5);
    held = claimed.map(({ id, fence }) => ({ id, fence, from: now() }));
  }
}

process.once("message", async (jobs: number) => {
  const store = await openStore(process.argv[2]!, { durability: "normal" });
  const answer = await finishAll(store, jobs).then(
    (runs): Finished => ({ runs, error: null }),
    (error: Error): Finished => ({ runs: [], error: error.stack ?? error.message }),
  );
  await store.close();
  process.send!(answer, () => process.disconnect());
});
