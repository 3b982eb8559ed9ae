// Several connections and several processes on the same data.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import type { Drained } from "./drainer.ts";
import { enqueueAll, enqueueOne, newWorker, type OpenStore } from "./world.ts";

const drainer = new URL("./drainer.ts", import.meta.url);

/** A process of its own that claims and finishes until nothing is left. */
function startDrainer(url: string): ChildProcess {
  return fork(drainer, [url], { execArgv: ["--conditions=source"], stdio: "inherit" });
}

async function drained(child: ChildProcess): Promise<Drained> {
  const [answer] = (await once(child, "message")) as [Drained];
  await once(child, "exit");
  return answer;
}

export function severalContract(open: OpenStore): void {
  describe("several connections", () => {
    it("see each other's commits at once", async () => {
      await using world = await open();
      const other = await world.connect();
      const id = await enqueueOne(world.store);
      expect(await other.jobs.find(id)).toMatchObject({ state: "ready" });
    });

    it("claim each job once and lose none, whatever they do at the same time", async () => {
      await using world = await open();
      const stores = [world.store, await world.connect(), await world.connect()];
      const all = await enqueueAll(world.store, Array(300).fill({}));
      const claimed: number[] = [];
      const drain = async (store: (typeof stores)[number]): Promise<void> => {
        const worker = await newWorker(store);
        for (;;) {
          const jobs = await worker.claim({ limit: 7 });
          if (jobs.length === 0) return;
          for (const job of jobs) {
            claimed.push(job.id);
            await worker.settle(job, { outcome: "finished", result: null });
          }
        }
      };
      await Promise.all(stores.map(drain));
      expect(claimed.sort((a, b) => a - b)).toEqual(all);
      expect((await world.store.jobs.count()).finished).toBe(300);
    });
  });

  describe("several processes", () => {
    it("claim each job once, and none meets an error or is left with nothing", async () => {
      await using world = await open();
      const all = await enqueueAll(world.store, Array(6_000).fill({ args: { n: 1 } }));
      const children = [1, 2, 3].map(() => startDrainer(world.url));
      await Promise.all(children.map((child) => once(child, "message")));
      for (const child of children) child.send("go");
      const answers = await Promise.all(children.map(drained));
      const claimed = answers.flatMap(({ ids }) => ids).sort((a, b) => a - b);
      expect(claimed).toEqual(all);
      expect(answers.map(({ error }) => error)).toEqual([null, null, null]);
      expect(Math.min(...answers.map(({ ids }) => ids.length))).toBeGreaterThan(0);
      expect((await world.store.jobs.count()).finished).toBe(6_000);
    }, 120_000);
  });

  describe("a watch", () => {
    it("tells of commits of others, soon, and not of one's own", async () => {
      await using world = await open();
      const other = await world.connect();
      await enqueueOne(world.store);
      let calls = 0;
      const watch = world.store.watch(() => (calls += 1), { pollMs: 60_000 });
      await enqueueOne(world.store);
      const before = calls;
      for (let n = 1; n <= 5; n += 1) {
        const seen = calls;
        await enqueueOne(other);
        await waitFor(() => calls > seen, { what: `call ${n}` });
      }
      expect(calls - before).toBeLessThanOrEqual(10);
      watch.close();
    });

    it("is quiet once it is closed, also by closing the store", async () => {
      await using world = await open();
      const other = await world.connect();
      const third = await world.connect();
      let calls = 0;
      const closed = third.watch(() => (calls += 1), { pollMs: 5 });
      closed.close();
      closed.close();
      const store = await world.connect();
      store.watch(() => (calls += 1), { pollMs: 5 });
      await store.close();
      let live = 0;
      const watch = third.watch(() => (live += 1), { pollMs: 5 });
      await enqueueOne(other);
      await waitFor(() => live > 0);
      watch.close();
      expect(calls).toBe(0);
    });
  });

  describe("a closed store", () => {
    it("finishes what was begun and refuses what comes later", async () => {
      await using world = await open();
      const store = await world.connect();
      const begun = store.jobs.enqueue([{ name: "job" }]);
      await store.close();
      await store.close();
      const [answer] = await begun;
      expect(await world.store.jobs.find(answer!.id)).not.toBeNull();
      const refusal = { name: "StoreError", message: expect.stringContaining("closed") };
      await expect(store.jobs.count()).rejects.toMatchObject(refusal);
      await expect(store.jobs.enqueue([{ name: "job" }])).rejects.toMatchObject(refusal);
      await expect(store.migrate()).rejects.toMatchObject(refusal);
    });
  });

  describe("a migration", () => {
    it("was done once it is done, whoever asks again", async () => {
      await using world = await open();
      const { to } = await world.store.schema();
      expect(to).toBeGreaterThan(0);
      const other = await world.connect();
      const again = await Promise.all([world.store.migrate(), other.migrate()]);
      expect(again).toEqual([
        { from: to, to },
        { from: to, to },
      ]);
    });
  });

  describe("a diagnosis", () => {
    it("finds nothing wrong with a new store", async () => {
      await using world = await open();
      const facts = await world.store.diagnose();
      expect(facts.length).toBeGreaterThan(0);
      expect(facts.filter(({ status }) => status === "error")).toEqual([]);
      for (const { check, detail } of facts) expect(`${check}${detail}`).not.toContain("undefined");
    });
  });
}
