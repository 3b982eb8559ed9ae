// A forked process that claims and finishes jobs until none is left, then says which it had.

import { openStore } from "@queue-runtime/store";
import { newWorker } from "./world.ts";

export interface Drained {
  readonly ids: readonly number[];
  readonly error: string | null;
}

const [url] = process.argv.slice(2);
const store = await openStore(url!, { durability: "normal" });
const worker = await newWorker(store);

async function drain(): Promise<Drained> {
  const ids: number[] = [];
  let settled: readonly { readonly id: number; readonly fence: number }[] = [];
  try {
    do {
      const { claimed, refused } = await store.jobs.turn({
        processId: worker.id,
        settlements: settled.map(({ id, fence }) => ({
          id,
          fence,
          outcome: "finished",
          result: id,
        })),
        checkpoints: [],
        claim: { queues: ["*"], names: ["job"], limit: 10, idle: true },
      });
      if (refused.length > 0) throw new Error("a settlement was refused");
      for (const { id } of claimed) ids.push(id);
      settled = claimed;
    } while (settled.length > 0);
    return { ids, error: null };
  } catch (error) {
    return { ids, error: String(error) };
  }
}

process.once("message", async () => {
  const answer = await drain();
  await store.close();
  process.send!(answer, () => process.disconnect());
});
process.send!("ready");
