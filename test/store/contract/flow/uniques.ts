// Keys that at most one job has at a time.

import type { JobState, Unique } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import { boom, enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "../world.ts";
import { deleteByHand } from "./by-hand.ts";
import { alive, finish, slot, statesOf, unique } from "./words.ts";

const job = { name: "job", uniques: [unique("invoice/42")] };
const everywhere: readonly JobState[] = [...alive, "finished", "failed", "cancelled"];

export function uniquesContract(open: OpenStore): void {
  describe("a unique key that is taken", () => {
    it("answers with the job that has it, and nothing else happens", async () => {
      await using world = await open();
      const { store } = world;
      const [first] = await store.jobs.enqueue([{ ...job, args: 1 }]);
      expect(first!.outcome).toBe("created");
      const before = await jobOf(store, first!.id);
      expect(before.uniqueKey).toBe("invoice/42");
      const second = { ...job, args: 2, priority: 9, queue: "other", name: "other" };
      const answers = await (await world.connect()).jobs.enqueue([second, second]);
      const exists = { id: first!.id, outcome: "exists" };
      expect(answers).toEqual([exists, exists]);
      expect(await jobOf(store, first!.id)).toEqual(before);
      expect(ids(await store.jobs.list({}))).toEqual([first!.id]);
    });

    it("is taken by the first of several in one call", async () => {
      await using world = await open();
      const other = { name: "job", uniques: [unique("invoice/43")] };
      const jobs = [job, { name: "job" }, job, other, job];
      const answers = await world.store.jobs.enqueue(jobs);
      const [first, , , fourth] = answers;
      const outcomes = answers.map(({ outcome }) => outcome);
      expect(outcomes).toEqual(["created", "created", "exists", "created", "exists"]);
      expect([answers[2]!.id, answers[4]!.id]).toEqual([first!.id, first!.id]);
      expect(fourth!.id).not.toBe(first!.id);
    });

    it.each(alive)("is taken while its job is %s", async (state) => {
      await using world = await open();
      const { store } = world;
      const first = await enqueueOne(store, { ...job, ...(await whatMakes(state, store)) });
      if (state === "running") await (await newWorker(store)).claim();
      expect((await jobOf(store, first)).state).toBe(state);
      expect(await store.jobs.enqueue([job])).toEqual([{ id: first, outcome: "exists" }]);
    });

    it("is free when its job has ended in a state that does not keep it", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const created: number[] = [];
      const again = async (): Promise<void> => {
        const [answer] = await store.jobs.enqueue([job]);
        expect(answer!.outcome).toBe("created");
        created.push(answer!.id);
      };
      await again();
      await finish(worker, await worker.claimOne());
      await again();
      const failed = { outcome: "failed", error: boom, retryDelayMs: null } as const;
      await worker.settle(await worker.claimOne(), failed);
      await again();
      await store.jobs.cancel([created[2]!]);
      await again();
      await store.jobs.discard([created[3]!]);
      await again();
      await store.queues.clear("default", { all: false });
      await again();
      await deleteByHand(world.url, [created[5]!]);
      await again();
      expect(new Set(created).size).toBe(7);
    });

    it("is not free while a failed run is to be repeated, or a run was interrupted", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const id = await enqueueOne(store, job);
      await worker.settle(await worker.claimOne(), { outcome: "interrupted", delayMs: 0 });
      expect(await store.jobs.enqueue([job])).toEqual([{ id, outcome: "exists" }]);
      const failed = { outcome: "failed", error: boom, retryDelayMs: 60_000 } as const;
      await worker.settle(await worker.claimOne(), failed);
      expect(await store.jobs.enqueue([job])).toEqual([{ id, outcome: "exists" }]);
    });

    it("stays taken after the end where its states say so: idempotency", async () => {
      await using world = await open();
      const { store } = world;
      const once = { name: "job", uniques: [unique("request/1", { states: everywhere })] };
      const id = await enqueueOne(store, once);
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect(await store.jobs.enqueue([once])).toEqual([{ id, outcome: "exists" }]);
      await store.jobs.discard([id]);
      expect(await store.jobs.enqueue([once])).toMatchObject([{ outcome: "created" }]);
    });

    it("is free as soon as its job runs, where only jobs that wait shall have it", async () => {
      await using world = await open();
      const { store } = world;
      const next = { name: "job", uniques: [unique("sync", { states: ["ready", "scheduled"] })] };
      const first = await enqueueOne(store, next);
      expect(await store.jobs.enqueue([next])).toEqual([{ id: first, outcome: "exists" }]);
      const worker = await newWorker(store);
      const run = await worker.claimOne();
      const [second] = await store.jobs.enqueue([next]);
      expect(second!.outcome).toBe("created");
      await finish(worker, run);
      expect(await store.jobs.enqueue([next])).toEqual([{ id: second!.id, outcome: "exists" }]);
    });

    it("is free after its time, though its job is yet to end", async () => {
      await using world = await open();
      const { store } = world;
      const brief = { name: "job", uniques: [unique("sync", { states: everywhere, forMs: 500 })] };
      const [first] = await store.jobs.enqueue([brief]);
      const [second] = await waitFor(async () => {
        const answers = await store.jobs.enqueue([brief]);
        return answers[0]!.outcome === "created" && answers;
      });
      const [a, b] = [await jobOf(store, first!.id), await jobOf(store, second!.id)];
      expect(b.createdAt - a.createdAt).toBeGreaterThanOrEqual(500);
      const answers = await store.jobs.enqueue([brief]);
      expect(answers[0]!.outcome === "exists" && answers[0]!.id).toBe(second!.id);
      await store.jobs.discard([first!.id]);
      expect(await store.jobs.enqueue([brief])).toEqual([{ id: second!.id, outcome: "exists" }]);
    });
  });

  describe("a job with two unique keys", () => {
    it("exists where either is taken, by the first that is, and then takes neither", async () => {
      await using world = await open();
      const { store } = world;
      const [x, y] = [unique("x"), unique("y")];
      const hasY = await enqueueOne(store, { uniques: [y] });
      const both = { name: "job", uniques: [x, y] };
      expect(await store.jobs.enqueue([both])).toEqual([{ id: hasY, outcome: "exists" }]);
      const hasX = await enqueueOne(store, { uniques: [x] });
      expect(await jobOf(store, hasX)).toMatchObject({ uniqueKey: "x", state: "ready" });
      expect(await store.jobs.enqueue([both])).toEqual([{ id: hasX, outcome: "exists" }]);
      await store.jobs.cancel([hasX, hasY]);
      const [created] = await store.jobs.enqueue([both]);
      expect(created!.outcome).toBe("created");
      for (const key of [x, y]) {
        const answers = await store.jobs.enqueue([{ name: "job", uniques: [key] }]);
        expect(answers).toEqual([{ id: created!.id, outcome: "exists" }]);
      }
    });
  });

  describe("an enqueue that comes to nothing", () => {
    it("leaves no key taken: refused, dropped, or failed for want of a slot", async () => {
      await using world = await open();
      const { store } = world;
      await enqueueOne(store, { gates: [slot("acme")] });
      const wrong = { name: "job", priority: 0.5 };
      await expect(store.jobs.enqueue([job, wrong])).rejects.toMatchObject({ code: "invalid" });
      const impatient = { ...job, gates: [slot("acme", { onConflict: "fail" })] };
      await expect(store.jobs.enqueue([impatient])).rejects.toMatchObject({ code: "conflict" });
      const modest = { ...job, gates: [slot("acme", { onConflict: "discard" })] };
      expect(await store.jobs.enqueue([modest])).toMatchObject([{ outcome: "discarded" }]);
      expect(await store.jobs.enqueue([job])).toMatchObject([{ outcome: "created" }]);
    });

    it("takes no slot either, where its key is taken", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store, job);
      const answers = await store.jobs.enqueue([{ ...job, gates: [slot("acme")] }]);
      expect(answers).toEqual([{ id, outcome: "exists" }]);
      const free = await enqueueOne(store, { gates: [slot("acme")] });
      expect((await jobOf(store, free)).state).toBe("ready");
    });

    it("is refused where the key makes no sense", async () => {
      await using world = await open();
      const wrong: readonly [readonly Unique[], RegExp][] = [
        [[unique("")], /key/],
        [[unique("x".repeat(401))], /key .*400/],
        [[unique("k", { states: [] })], /states/],
        [[unique("k", { states: ["done" as never] })], /state .*"done"/],
        [[unique("k", { forMs: -1 })], /forMs/],
        [[unique("k", { onConflict: "drop" as never })], /onConflict .*"drop"/],
        [[unique("k"), unique("k")], /uniques .*"k" twice/],
        [[unique("a"), unique("b"), unique("c")], /uniques .*2/],
      ];
      for (const [uniques, message] of wrong) {
        const refusal = enqueueOne(world.store, { uniques });
        await expect(refusal).rejects.toMatchObject({ name: "StoreError", code: "invalid" });
        await expect(refusal).rejects.toThrow(message);
      }
    });
  });

  describe("twenty connections that enqueue the same job at once", () => {
    it("create exactly one, and all are told which", async () => {
      await using world = await open();
      const stores = await Promise.all(Array.from({ length: 20 }, () => world.connect()));
      for (let round = 1; round <= 5; round += 1) {
        const uniques = [unique(`x/${round}`), unique(`y/${round}`)];
        const order = round % 2 === 0 ? uniques : uniques.toReversed();
        const answers = await Promise.all(
          stores.map(({ jobs }, n) =>
            jobs.enqueue([{ name: "job", uniques: n % 2 === 0 ? uniques : order }]),
          ),
        );
        const flat = answers.flat();
        expect(flat.filter(({ outcome }) => outcome === "created")).toHaveLength(1);
        expect(flat.filter(({ outcome }) => outcome === "exists")).toHaveLength(19);
        expect(new Set(ids(flat)).size).toBe(1);
      }
      expect(await statesOf(world.store, ids(await world.store.jobs.list({})))).toHaveLength(5);
    });
  });
}

/** What a job is enqueued with to be found in that state. */
async function whatMakes(state: JobState, store: Parameters<typeof enqueueOne>[0]) {
  switch (state) {
    case "held":
      return { held: true };
    case "scheduled":
      return { delayMs: 60_000 };
    case "waiting":
      return { after: await enqueueAll(store, [{ held: true }]) };
    case "blocked":
      await enqueueOne(store, { gates: [slot("acme")] });
      return { gates: [slot("acme")] };
    default:
      return {};
  }
}
