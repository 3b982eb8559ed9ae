// Why a command is not running.

import type { ProcessState, Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { newWorker, type OpenStore, someProcess } from "../world.ts";
import { add, addAll, newRunner } from "./words.ts";

function says(store: Store, runner: { readonly id: number }, state: ProcessState) {
  return store.processes.heartbeat([{ id: runner.id, state, rssBytes: null }]);
}

export function reasonsContract(open: OpenStore): void {
  describe("why a command is not running", () => {
    it("says that nobody runs commands, whatever workers there are", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      await store.processes.ready((await newWorker(store)).id, ["job", "command"]);
      const none = { why: "no-runner", group: "default" };
      expect(await store.flow.why(id)).toEqual([{ ...none, runtimes: 0 }]);
      await store.processes.register(someProcess({ kind: "supervisor" }));
      expect(await store.flow.why(id)).toEqual([{ ...none, runtimes: 1 }]);
    });

    it("says that all slots of its group are taken, or wanted by those before it", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.setGroup("default", { slots: 3 });
      const two = { command: { slots: 2 } };
      const all = await addAll(store, [two, {}, {}, two, { priority: -1 }]);
      const [runs, second, third, fourth, first] = all as [number, number, number, number, number];
      const runner = await newRunner(store);
      await says(store, runner, "running");
      await runner.start(runs);
      const full = { why: "slots", group: "default", slots: 3, taken: 2 };
      expect(await store.flow.why(first)).toEqual([]);
      expect(await store.flow.why(second)).toEqual([{ ...full, ahead: 1 }]);
      expect(await store.flow.why(third)).toEqual([{ ...full, ahead: 2 }]);
      expect(await store.flow.why(fourth)).toEqual([{ ...full, ahead: 3 }]);
      expect(await store.flow.why(runs)).toEqual([]);
      await store.commands.setGroup("default", { slots: 0 });
      expect(await store.flow.why(fourth)).toEqual([]);
    });

    it("says that those who run commands are quiet", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      const runner = await newRunner(store);
      await says(store, runner, "quiet");
      expect(await store.flow.why(id)).toEqual([
        { why: "workers-full", workers: 1, states: { quiet: 1 }, ahead: 0 },
      ]);
    });

    it("says that it is locked, held or waits, or that its group is paused", async () => {
      await using world = await open();
      const { store } = world;
      const runner = await newRunner(store);
      await says(store, runner, "running");
      const [locked, held] = (await addAll(store, [{}, { held: true }])) as [number, number];
      const waits = await add(store, { after: [locked] });
      await store.commands.lock([locked], { owner: "me", forMs: 60_000 });
      const until = expect.any(Number);
      expect(await store.flow.why(locked)).toEqual([{ why: "locked", until }]);
      expect(await store.flow.why(held)).toEqual([{ why: "held" }]);
      expect(await store.flow.why(waits)).toEqual([
        { why: "waiting", after: [{ id: locked, state: "ready" }] },
      ]);
      await store.queues.pause("default");
      expect(await store.flow.why(locked)).toEqual([
        { why: "paused", queue: "default", since: until },
        { why: "locked", until },
      ]);
    });
  });
}
