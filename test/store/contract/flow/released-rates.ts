// A run that never began uses up no rate: its job is ready again with the slot it had.

import type { Job, Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { enqueueAll, newWorker, type OpenStore, type Worker } from "../world.ts";
import { finish, rate, statesOf } from "./words.ts";

type HandBack = (store: Store, worker: Worker, job: Job) => Promise<unknown>;

const unbegun: readonly [string, HandBack][] = [
  ["was handed back", (_, worker, job) => worker.settle(job, { outcome: "released" })],
  ["left in good order", (store, { id }) => store.processes.deregister([id])],
  ["died before it reached a thread", (_, worker) => worker.dies({ started: [] })],
  [
    "was sent back for its gates",
    (_, worker, job) => worker.settle(job, { outcome: "gated", gates: [rate("api")] }),
  ],
];

export function releasedRatesContract(open: OpenStore): void {
  describe("a job with a rate whose run never began", () => {
    it.each(unbegun)("is ready again with its slot: its claim %s", async (_, handBack) => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("api")];
      const [first, second] = await enqueueAll(store, [{ gates }, { gates }]);
      for (let n = 0; n < 3; n += 1) {
        const worker = await newWorker(store);
        await handBack(store, worker, await worker.claimOne());
        expect(await statesOf(store, [first!, second!])).toEqual(["ready", "blocked"]);
      }
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect(await statesOf(store, [first!, second!])).toEqual(["finished", "blocked"]);
      expect((await store.flow.refill()).nextInMs).toBeGreaterThan(30_000);
    });

    it("takes none that another has, when it learns of its gates only then", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("api")];
      const both = await enqueueAll(store, [{ gates }, {}]);
      const worker = await newWorker(store);
      const [begun, unknown] = await worker.claim();
      await worker.settle(unknown!, { outcome: "gated", gates });
      expect(await statesOf(store, both)).toEqual(["running", "blocked"]);
      await finish(worker, begun!);
      expect(await statesOf(store, both)).toEqual(["finished", "blocked"]);
    });

    it("gives the slots of its queue back as well when it is handed back, each to its job", async () => {
      await using world = await open();
      const { store } = world;
      const settings = { limit: 3, perMs: 60_000, burst: 3 };
      await store.queues.set("default", { slots: null, rate: settings, fair: false });
      const all = await enqueueAll(store, Array(5).fill({ gates: [rate("api", { limit: 4 })] }));
      const worker = await newWorker(store);
      const runs = await worker.claim();
      expect(runs).toHaveLength(3);
      await worker.settle(runs[1]!, { outcome: "released" });
      const blocked = ["blocked", "blocked"];
      expect(await statesOf(store, all)).toEqual(["running", "ready", "running", ...blocked]);
      await store.jobs.cancel([all[1]!, all[2]!]);
      expect(await statesOf(store, all.slice(3))).toEqual(["ready", "blocked"]);
      await worker.settle(runs[2]!, { outcome: "released" });
      expect(await statesOf(store, all.slice(2))).toEqual(["cancelled", "ready", "ready"]);
    });
  });
}
