// Commands run: claims by ids, what is told of a run, and how it ends.

import { describe, expect, it } from "vitest";
import { dispatchUntil } from "../flow/words.ts";
import { enqueueOne, ids, newWorker, type OpenStore } from "../world.ts";
import {
  add,
  addAll,
  commandOf,
  done,
  exit,
  failure,
  newRunner,
  someCommand,
  someRun,
  success,
} from "./words.ts";

export function runningContract(open: OpenStore): void {
  describe("a claim by ids", () => {
    it("takes exactly those that are ready, in the order asked", async () => {
      await using world = await open();
      const { store } = world;
      const all = await addAll(store, [{}, {}, { priority: -1 }, { held: true }, {}]);
      const [a, b, c, held] = all as [number, number, number, number];
      const runner = await newRunner(store);
      const claimed = await runner.claim([b, 999, held, c, b]);
      expect(ids(claimed)).toEqual([b, c]);
      expect(claimed).toMatchObject([{ attempts: 1, state: "running", processId: runner.id }, {}]);
      expect(ids(await runner.claim([b, a], { limit: 1 }))).toEqual([a]);
    });

    it("tells what it takes to run what it took, and nothing of others", async () => {
      await using world = await open();
      const { store } = world;
      const environment = { HOME: "/elsewhere" };
      const [a, b, held] = (await addAll(store, [
        { command: { line: "a" } },
        { command: { line: "b", environment } },
        { held: true },
      ])) as [number, number, number];
      const runner = await newRunner(store);
      expect((await runner.turn([b, held, 999, a, b])).commands).toMatchObject([
        { id: b, command: { line: "b", adopted: false }, environment },
        { id: a, command: { line: "a" }, environment: someCommand().environment },
      ]);
      expect((await runner.turn([a, b, held])).commands).toEqual([]);
      const module = await enqueueOne(store);
      const { claimed, commands } = await runner.turn([module], { names: ["job"] });
      expect([ids(claimed), commands]).toEqual([[module], []]);
    });

    it("takes nothing of another name", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store);
      const runner = await newRunner(store);
      expect(await runner.claim([id])).toEqual([]);
      const worker = await newWorker(store);
      expect(ids(await worker.claim({ ids: [id] }))).toEqual([id]);
    });

    it("leaves a paused queue alone, unless it is told otherwise", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      await store.queues.pause("default");
      const runner = await newRunner(store);
      expect(await store.commands.queued([{ name: "default", limit: 9 }])).toEqual([]);
      expect(await runner.claim([id])).toEqual([]);
      expect(ids(await runner.claim([id], { evenPaused: true }))).toEqual([id]);
    });
  });

  describe("a command that runs", () => {
    it("shows who runs it, what was done to it, and how it ended", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      const runner = await newRunner(store);
      const process = someRun();
      const { fence } = await runner.start(id, process);
      expect((await commandOf(store, id)).command).toMatchObject({ process, slot: 0 });
      const signalsSent = ["SIGSTOP"];
      await store.commands.touched([{ id, fence, paused: true, signalsSent }]);
      expect((await commandOf(store, id)).command).toMatchObject({ paused: true, signalsSent });
      const commandEnd = {
        ...{ exitCode: null, signal: "SIGKILL", endedBy: "person" as const },
        signalsSent: ["SIGSTOP", "SIGCONT", "SIGTERM", "SIGKILL"],
      };
      await runner.settle({ id, fence }, { outcome: "cancelled", commandEnd });
      const ended = await commandOf(store, id);
      expect(ended).toMatchObject({ state: "cancelled", processId: null });
      expect(ended.command).toMatchObject({ ...commandEnd, paused: false, process, slot: 0 });
    });

    it("is touched by its process, whoever has taken it over since", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      const [runner, heir] = [await newRunner(store), await newRunner(store)];
      const process = someRun();
      const { fence } = await runner.start(id, process);
      await store.commands.adopt(runner.id, heir.id);
      const touch = { id, fence, paused: true, signalsSent: ["SIGSTOP"], killed: true };
      await store.commands.touched([{ ...touch, process: { ...process, startTicks: 1 } }]);
      expect(await commandOf(store, id)).toMatchObject({ cancelRequested: false });
      await store.commands.touched([{ ...touch, process }]);
      expect(await commandOf(store, id)).toMatchObject({
        ...{ fence: fence + 1, cancelRequested: true },
        command: { paused: true, signalsSent: ["SIGSTOP"] },
      });
    });

    it("is still to end when whoever was told so is gone", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store, { command: { retryLimit: 5 } });
      const runner = await newRunner(store);
      const run = await runner.start(id);
      const touch = { paused: false, signalsSent: ["SIGTERM"], killed: true };
      await store.commands.touched([{ id, fence: run.fence - 1, ...touch }]);
      expect(await commandOf(store, id)).toMatchObject({ cancelRequested: false });
      await store.commands.touched([{ id, fence: run.fence, ...touch }]);
      const heir = await newRunner(store);
      const [adopted] = await store.commands.adopt(runner.id, heir.id);
      expect(adopted).toMatchObject({ id, cancelRequested: true, state: "running" });
      const { fence } = adopted!;
      await heir.settle({ id, fence }, { outcome: "interrupted", delayMs: 0 });
      expect(await commandOf(store, id)).toMatchObject({ state: "cancelled" });
    });

    it("keeps exit code and signal apart", async () => {
      await using world = await open();
      const { store } = world;
      const [good, bad] = (await addAll(store, [{}, {}])) as [number, number];
      const runner = await newRunner(store);
      await runner.run(good);
      await runner.run(bad, failure(3));
      const end = { exitCode: 0, signal: null, endedBy: "self", signalsSent: [] };
      expect(await commandOf(store, good)).toMatchObject({ state: "finished", command: end });
      expect(await commandOf(store, bad)).toMatchObject({
        ...{ state: "failed", error: { name: "CommandError", message: "exited with 3" } },
        command: { ...end, exitCode: 3 },
      });
      expect(await store.jobs.find(bad)).toMatchObject({ errors: [{ attempt: 1 }] });
    });

    it("is not touched by a holder that was overtaken", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      const runner = await newRunner(store);
      const { fence } = await runner.start(id);
      const old = { id, fence: fence - 1 };
      const process = someRun(1);
      expect(await store.commands.began([{ ...old, process, slot: 7 }])).toEqual([old]);
      await store.commands.touched([{ ...old, paused: true, signalsSent: ["SIGSTOP"] }]);
      expect((await runner.settle(old, success)).refused).toEqual([old]);
      const { command } = await commandOf(store, id);
      expect(command).toMatchObject({ paused: false, signalsSent: [], exitCode: null, slot: 0 });
      expect(command.process).toEqual(someRun());
      await runner.settle({ id, fence }, success);
      expect(await store.commands.began([{ id, fence, process, slot: 7 }])).toEqual([
        { id, fence },
      ]);
      expect((await commandOf(store, id)).command.process).toEqual(someRun());
    });

    it("knows nothing of the last run from its claim on", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store, { command: { retryLimit: 1 } });
      const runner = await newRunner(store);
      const first = await runner.start(id);
      await store.commands.touched([
        { id, fence: first.fence, paused: true, signalsSent: ["SIGSTOP"] },
      ]);
      await runner.settle(first, failure(1, 1));
      expect(await commandOf(store, id)).toMatchObject({ state: "scheduled", attempts: 1 });
      expect((await commandOf(store, id)).command).toMatchObject({ exitCode: 1, endedBy: "self" });
      await dispatchUntil(store, id, "ready");
      await runner.claim([id]);
      expect((await commandOf(store, id)).command).toMatchObject({
        ...{ process: null, slot: null, exitCode: null, signal: null, endedBy: null },
        ...{ signalsSent: [], paused: false, adopted: false },
      });
    });

    it("that was interrupted is ready again, and no attempt is spent", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      const runner = await newRunner(store);
      const commandEnd = exit(0, { exitCode: null, signal: "SIGTERM", signalsSent: ["SIGTERM"] });
      await runner.run(id, { outcome: "interrupted", delayMs: 0, commandEnd });
      const job = await commandOf(store, id);
      expect(job).toMatchObject({ state: "ready", attempts: 0, interruptions: 1 });
      expect(job.command).toMatchObject({ signal: "SIGTERM" });
    });
  });

  describe("an outstanding command", () => {
    it("is one that has not ended, in whatever state", async () => {
      await using world = await open();
      const { store } = world;
      await store.jobs.enqueue([{ name: "job" }]);
      expect(await store.commands.outstanding()).toBe(false);
      const runner = await newRunner(store);
      for (const said of [{}, { held: true }, { delayMs: 60_000 }]) {
        const id = await add(store, said);
        expect(await store.commands.outstanding()).toBe(true);
        expect(await store.commands.force([id])).toEqual(done(id));
        const run = await runner.start(id);
        expect(await store.commands.outstanding()).toBe(true);
        await runner.settle(run, success);
        expect(await store.commands.outstanding()).toBe(false);
      }
    });
  });

  describe("what can be done with any job", () => {
    it("can be done with a command: cancel, retry, discard", async () => {
      await using world = await open();
      const { store } = world;
      const [a, b] = (await addAll(store, [{}, {}])) as [number, number];
      const runner = await newRunner(store);
      const { fence } = await runner.start(a);
      expect(await store.jobs.cancel([a, b])).toEqual([
        { id: a, outcome: "requested" },
        { id: b, outcome: "cancelled" },
      ]);
      const look = await runner.settle({ id: a, fence: 0 }, success);
      expect(look.cancelRequested).toEqual([{ id: a, fence }]);
      expect(await commandOf(store, b)).toMatchObject({ command: { endedBy: "person" } });
      expect(await store.jobs.retry([b], { fromStart: false })).toEqual([
        { id: b, outcome: "retried" },
      ]);
      await runner.run(b);
      expect(await commandOf(store, b)).toMatchObject({ state: "finished", attempts: 1 });
      expect(await store.jobs.discard([b])).toEqual([{ id: b, outcome: "discarded" }]);
      expect(await store.commands.find(b)).toBe(null);
      expect(await store.commands.environment(b)).toBe(null);
    });
  });
}
