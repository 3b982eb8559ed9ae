// Why nobody takes a job that is ready: pauses, and who is there.

import { describe, expect, it } from "vitest";
import { enqueueAll, enqueueOne, type OpenStore } from "../world.ts";
import { appoint, hire, whyOf } from "./staff.ts";

export function workersContract(open: OpenStore): void {
  describe("why nobody takes a job", () => {
    it("is that its queue is paused, since then", async () => {
      await using world = await open();
      const { store } = world;
      await hire(store);
      const id = await enqueueOne(store);
      expect(await whyOf(store, id)).toEqual([]);
      const before = await store.recurring.now();
      await store.queues.pause("default");
      const [paused, ...others] = await whyOf(store, id);
      expect(paused).toMatchObject({ why: "paused", queue: "default" });
      expect((paused as { since: number }).since).toBeGreaterThanOrEqual(before);
      expect(others).toEqual([]);
      await store.queues.resume("default");
      expect(await whyOf(store, id)).toEqual([]);
    });

    it.each([
      [[], false],
      [["other"], false],
      [["other", "mail_*"], false],
      [["mai"], false],
      [["Mail"], false],
      [["mail"], true],
      [["ma*"], true],
      [["mail*"], true],
      [["other", "*"], true],
    ])("with the queues %j: somebody takes from its own, %j", async (queues, taken) => {
      await using world = await open();
      const { store } = world;
      await hire(store, { queues });
      const id = await enqueueOne(store, { queue: "mail" });
      const reasons = taken ? [] : [{ why: "no-worker", queue: "mail" }];
      expect(await whyOf(store, id)).toEqual(reasons);
    });

    it("is that nobody there has code for it, and perhaps nobody anywhere", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store, { queue: "mail" });
      const none = { why: "no-worker", queue: "mail" };
      const unknown = { why: "unknown-name", name: "job" };
      await appoint(store, "dispatcher");
      expect(await whyOf(store, id)).toEqual([none]);
      await hire(store, { queues: ["other"], names: ["else"] });
      expect(await whyOf(store, id)).toEqual([none, unknown]);
      await hire(store, { queues: ["other"] });
      expect(await whyOf(store, id)).toEqual([none]);
      await hire(store, { queues: ["mail"], names: ["else"] });
      expect(await whyOf(store, id)).toEqual([unknown]);
      await hire(store, { queues: ["mail"], names: ["else", "job"] });
      expect(await whyOf(store, id)).toEqual([]);
    });

    it.each(["starting", "quiet", "stopping"] as const)(
      "is that those who could are %s",
      async (state) => {
        await using world = await open();
        const { store } = world;
        await hire(store, { state });
        const [, id] = await enqueueAll(store, [{}, {}]);
        const ahead = state === "starting" ? 0 : 1;
        expect(await whyOf(store, id!)).toEqual([
          { why: "workers-full", workers: 1, states: { [state]: 1 }, ahead },
        ]);
        await hire(store, { state: "busy" });
        expect(await whyOf(store, id!)).toEqual([]);
      },
    );

    it("is that all are at work and others come first", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await hire(store, { queues: ["first", "*"] });
      const claim = { queues: ["*"], names: ["job"], limit: 1, idle: true };
      await enqueueOne(store);
      await store.jobs.turn({ processId: worker, settlements: [], checkpoints: [], claim });
      const [late, next, urgent, first] = await enqueueAll(store, [
        { priority: 1 },
        {},
        { priority: -1 },
        { queue: "first", priority: 9 },
      ]);
      const ahead = async (id: number): Promise<unknown> => whyOf(store, id);
      expect(await ahead(first!)).toEqual([]);
      const full = { why: "workers-full", workers: 1, states: { running: 1 } };
      expect(await ahead(urgent!)).toEqual([{ ...full, ahead: 1 }]);
      expect(await ahead(next!)).toEqual([{ ...full, ahead: 2 }]);
      expect(await ahead(late!)).toEqual([{ ...full, ahead: 3 }]);
      await hire(store, { queues: ["def*"], state: "quiet" });
      const both = { running: 1, quiet: 1 };
      expect(await ahead(next!)).toEqual([{ ...full, workers: 2, states: both, ahead: 1 }]);
      await hire(store, { queues: ["other", "default"] });
      expect(await ahead(late!)).toEqual([]);
    });

    it("does not count farther than a thousand", async () => {
      await using world = await open();
      const { store } = world;
      await hire(store, { state: "quiet" });
      await enqueueAll(store, Array(1_500).fill({}));
      const id = await enqueueOne(store, { priority: 1 });
      const full = { why: "workers-full", workers: 1, states: { quiet: 1 }, ahead: 1_000 };
      expect(await whyOf(store, id)).toEqual([full]);
    });
  });
}
