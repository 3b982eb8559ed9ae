// Jobs with slots, keys, dependencies and batches, enqueued in a transaction of the application.

import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import { enqueueOne, ids, jobOf, newWorker, type OpenStore } from "../world.ts";
import { beginIn } from "./application.ts";
import { finish, slot, statesOf, unique } from "./words.ts";

export function flowTransactionsContract(open: OpenStore): void {
  describe("jobs enqueued in a transaction of the application", () => {
    it("are ready or blocked when it commits, and are promoted like any other", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const holder = await enqueueOne(store, { gates, queue: "first" });
      const batchId = await store.batches.open({});
      const job = { name: "job", batchId };
      await using app = await beginIn(world.url);
      const answers = await store
        .in(app.transaction)
        .enqueue([{ ...job, gates }, { ...job, after: [holder] }, job]);
      await app.commit();
      const states = await statesOf(store, ids(answers));
      expect(states).toEqual(["blocked", "waiting", "ready"]);
      const worker = await newWorker(store);
      // passed over while it is being noted that somebody comes after it
      const first = async () => (await worker.claim({ queues: ["first"] }))[0];
      await finish(worker, await waitFor(first));
      expect(await statesOf(store, ids(answers))).toEqual(["ready", "ready", "ready"]);
      expect((await store.batches.find(batchId))!.jobs.total).toBe(3);
    });

    it("leave nothing taken when it is rolled back", async () => {
      await using world = await open();
      const { store } = world;
      const job = { name: "job", gates: [slot("acme")], uniques: [unique("x")] };
      await using app = await beginIn(world.url);
      expect(await store.in(app.transaction).enqueue([job])).toMatchObject([
        { outcome: "created" },
      ]);
      await app.rollback();
      const [again] = await store.jobs.enqueue([job]);
      expect(again!.outcome).toBe("created");
      expect((await jobOf(store, again!.id)).state).toBe("ready");
    });

    it("may be dropped, exist or be refused without any harm to the transaction", async () => {
      await using world = await open();
      const { store } = world;
      const holder = await enqueueOne(store, { gates: [slot("acme")], uniques: [unique("x")] });
      await using app = await beginIn(world.url);
      const jobs = store.in(app.transaction);
      const refusal = jobs.enqueue([
        { name: "job" },
        { name: "job", gates: [slot("acme", { onConflict: "fail" })] },
      ]);
      await expect(refusal).rejects.toMatchObject({ name: "StoreError", code: "conflict" });
      const unknown = jobs.enqueue([{ name: "job" }, { name: "job", after: [987_654] }]);
      await expect(unknown).rejects.toMatchObject({ name: "StoreError", code: "invalid" });
      const [exists, dropped, created] = await jobs.enqueue([
        { name: "job", uniques: [unique("x")] },
        { name: "job", gates: [slot("acme", { onConflict: "discard" })] },
        { name: "job" },
      ]);
      expect(exists).toEqual({ id: holder, outcome: "exists" });
      expect(dropped!.outcome).toBe("discarded");
      await app.commit();
      expect(ids(await store.jobs.list({}))).toEqual([holder, created!.id]);
    });
  });
}
