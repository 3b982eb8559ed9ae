// Whoever makes a blocked or waiting job ready, other processes hear of it without asking.

import type { News, Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import { during, finish, rate, slot } from "../flow/words.ts";
import { enqueueOne, newWorker, type OpenStore } from "../world.ts";

interface Way {
  readonly how: string;
  /** Leaves one job that is not ready, and answers what will make it so. */
  prepare(store: Store): Promise<() => Promise<unknown>>;
}

const gates = [slot("acme")];

/** One job has the slot and another one waits for it; answers the id of the first. */
async function twoJobs(store: Store): Promise<number> {
  const id = await enqueueOne(store, { gates });
  await enqueueOne(store, { gates });
  return id;
}

const ways: readonly Way[] = [
  {
    how: "a run that ended",
    async prepare(store) {
      await twoJobs(store);
      const worker = await newWorker(store);
      const run = await worker.claimOne();
      return () => finish(worker, run);
    },
  },
  {
    how: "a job that was cancelled",
    async prepare(store) {
      const id = await twoJobs(store);
      return () => store.jobs.cancel([id]);
    },
  },
  {
    how: "a limit that was raised",
    async prepare(store) {
      await twoJobs(store);
      return () => store.flow.limit("job", 2);
    },
  },
  {
    how: "settings that were taken back",
    async prepare(store) {
      await store.queues.set("default", { slots: 1, rate: null, fair: false });
      await enqueueOne(store);
      await enqueueOne(store);
      return () => store.queues.set("default", null);
    },
  },
  {
    how: "a rate that rested",
    async prepare(store) {
      const worker = await newWorker(store);
      await enqueueOne(store, { gates: [rate("api", { ms: 500 })] });
      await worker.claimOne();
      await enqueueOne(store, { gates: [rate("api", { ms: 500 })] });
      return () => waitFor(async () => (await store.flow.refill()).promoted === 1);
    },
  },
  {
    how: "a job that it came after",
    async prepare(store) {
      const worker = await newWorker(store);
      await enqueueOne(store, { after: [await enqueueOne(store)] });
      const run = await worker.claimOne();
      return () => finish(worker, run);
    },
  },
  {
    how: "the end of a batch",
    async prepare(store) {
      const id = await store.batches.open({ onFinish: { name: "job" } });
      return () => store.batches.seal(id);
    },
  },
];

export function newsContract(open: OpenStore): void {
  describe("a job that is ready at last", () => {
    it.each(ways)("is told to others: by $how", async ({ prepare }) => {
      await using world = await open();
      const other = await world.connect();
      const act = await prepare(other);
      const heard: News[] = [];
      const watch = world.store.watch((news) => heard.push(news), { pollMs: 60_000 });
      await waitForSilence(heard, other);
      await act();
      await waitFor(() => heard.some((news) => news !== "scheduled"));
      expect((await world.store.jobs.count()).ready).toBeGreaterThan(0);
      watch.close();
    });
  });
}

/** What was committed before is no news any more: one more commit is heard, and then none. */
async function waitForSilence(heard: News[], other: Store): Promise<void> {
  await waitFor(async () => {
    await enqueueOne(other, { name: "nobody's" });
    return heard.length > 0;
  });
  let length = -1;
  while (heard.length > length) {
    length = heard.length;
    await during(30, async () => {});
  }
  heard.length = 0;
}
