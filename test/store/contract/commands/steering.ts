// What people do with commands that have not begun: start them by force, put them back, let them
// go, and change their places.

import { describe, expect, it } from "vitest";
import { dispatchUntil, slot } from "../flow/words.ts";
import { ids, type OpenStore } from "../world.ts";
import {
  add,
  addAll,
  commandOf,
  done,
  failure,
  newRunner,
  queuedIn,
  stateOf,
  success,
} from "./words.ts";

const now = { delayMs: null };
const late = { delayMs: 60_000 };

export function steeringContract(open: OpenStore): void {
  describe("a command that is started by force", () => {
    it("is ready, whatever it waited for", async () => {
      await using world = await open();
      const { store } = world;
      const [first] = await addAll(store, [{}]);
      const all = await addAll(store, [{ held: true }, late, { after: [first!] }, {}]);
      await store.queues.pause("default");
      expect(await store.commands.force(all)).toEqual(done(...all));
      for (const id of all) expect(await stateOf(store, id)).toBe("ready");
      expect((await commandOf(store, all[1]!)).runAt).toBeLessThanOrEqual(
        (await commandOf(store, all[3]!)).createdAt + 10_000,
      );
      const runner = await newRunner(store);
      expect(ids(await runner.claim(all, { evenPaused: true }))).toEqual(all);
      expect((await commandOf(store, all[2]!)).command.after).toEqual([first]);
    });

    it("has forgotten what it came after", async () => {
      await using world = await open();
      const { store } = world;
      const first = await add(store);
      const id = await add(store, { after: [first] });
      await store.commands.force([id]);
      const runner = await newRunner(store);
      await runner.run(first, failure(1));
      expect(await stateOf(store, id)).toBe("ready");
    });

    it("takes the slots of its keys, and is refused where one is taken", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("key")];
      const said = { gates };
      const [a, b] = await addAll(store, [
        { ...said, held: true },
        { ...said, held: true },
      ]);
      expect(await store.commands.force([a!, b!])).toEqual([
        ...done(a!),
        {
          ...{ id: b, outcome: "refused" },
          error: `command ${b} needs a slot of "key", and none is free`,
        },
      ]);
      expect(await stateOf(store, b!)).toBe("held");
      const c = await add(store, said);
      expect(await stateOf(store, c)).toBe("blocked");
      expect(await store.commands.force([c])).toMatchObject([{ outcome: "refused" }]);
      const runner = await newRunner(store);
      await runner.run(a!);
      expect(await stateOf(store, c)).toBe("ready");
    });

    it("is refused when it runs, has ended or is nobody", async () => {
      await using world = await open();
      const { store } = world;
      const [runs, over] = (await addAll(store, [{}, {}])) as [number, number];
      const runner = await newRunner(store);
      await runner.run(over);
      await runner.start(runs);
      expect(await store.commands.force([runs, over, 999])).toEqual([
        {
          ...{ id: runs, outcome: "refused" },
          error: `command ${runs} is running: there is nothing to start`,
        },
        {
          ...{ id: over, outcome: "refused" },
          error: `command ${over} is finished already: run it again with \`runtime restart\``,
        },
        { id: 999, outcome: "unknown", error: "there is no command 999" },
      ]);
    });
  });

  describe("a command that is stashed", () => {
    it("waits for a person, whatever it waited for before", async () => {
      await using world = await open();
      const { store } = world;
      const [first] = await addAll(store, [{}]);
      const gates = [slot("key")];
      const all = await addAll(store, [{}, late, { after: [first!] }, { gates }, { gates }]);
      expect(await stateOf(store, all[4]!)).toBe("blocked");
      expect(await store.commands.stash(all, now)).toEqual(done(...all));
      for (const id of all) expect(await stateOf(store, id)).toBe("held");
      expect(await store.commands.stash([all[0]!], now)).toEqual(done(all[0]!));
      expect(await queuedIn(store)).toEqual([first]);
    });

    it("gives back its slots, and takes new ones when it is let go", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("key")];
      const [a, b] = (await addAll(store, [{ gates }, { gates }])) as [number, number];
      await store.commands.stash([a], now);
      expect([await stateOf(store, a), await stateOf(store, b)]).toEqual(["held", "ready"]);
      expect(await store.commands.letGo([a], now)).toEqual(done(a));
      expect(await stateOf(store, a)).toBe("blocked");
      await store.commands.stash([b], now);
      expect([await stateOf(store, a), await stateOf(store, b)]).toEqual(["ready", "held"]);
    });

    it("comes back by itself after a delay", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("key")];
      const all = await addAll(store, [{}, { held: true }, late, { gates }, { gates }]);
      expect(await store.commands.stash(all, { delayMs: 1 })).toEqual(done(...all));
      for (const id of all) expect((await commandOf(store, id)).runAt).toBeGreaterThan(0);
      await dispatchUntil(store, all[0]!, "ready");
      await dispatchUntil(store, all[2]!, "ready");
      await dispatchUntil(store, all[4]!, "blocked");
    });

    it("with a delay still waits for those it comes after", async () => {
      await using world = await open();
      const { store } = world;
      const first = await add(store);
      const id = await add(store, { after: [first] });
      expect(await store.commands.stash([id], late)).toEqual(done(id));
      expect(await stateOf(store, id)).toBe("waiting");
      const runner = await newRunner(store);
      await runner.run(first);
      expect(await stateOf(store, id)).toBe("scheduled");
    });

    it("is refused when it runs or has ended", async () => {
      await using world = await open();
      const { store } = world;
      const [runs, over] = (await addAll(store, [{}, {}])) as [number, number];
      const runner = await newRunner(store);
      await runner.run(over);
      await runner.start(runs);
      for (const options of [now, late])
        expect(await store.commands.stash([runs, over], options)).toMatchObject([
          { id: runs, outcome: "refused" },
          { id: over, outcome: "refused" },
        ]);
    });

    it("cannot be delayed by less than nothing", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      for (const act of [store.commands.stash, store.commands.letGo])
        await expect(act([id], { delayMs: -1 })).rejects.toMatchObject({ code: "invalid" });
      expect(await stateOf(store, id)).toBe("ready");
    });
  });

  describe("a command that is let go", () => {
    it("is ready, or waits for what it still needs", async () => {
      await using world = await open();
      const { store } = world;
      const first = await add(store);
      const held = { held: true };
      const all = await addAll(store, [held, { ...held, after: [first] }, { ...held, ...late }]);
      expect(await store.commands.letGo(all, now)).toEqual(done(...all));
      const [free, waiting, timed] = all as [number, number, number];
      expect(await stateOf(store, free)).toBe("ready");
      expect(await stateOf(store, waiting)).toBe("waiting");
      expect(await stateOf(store, timed)).toBe("ready");
    });

    it("is due at once when it was scheduled, or at its new time", async () => {
      await using world = await open();
      const { store } = world;
      const [a, b] = (await addAll(store, [late, { held: true }])) as [number, number];
      expect(await store.commands.letGo([a], now)).toEqual(done(a));
      expect(await stateOf(store, a)).toBe("ready");
      const { createdAt } = await commandOf(store, b);
      expect(await store.commands.letGo([b], { delayMs: 60_000 })).toEqual(done(b));
      expect(await stateOf(store, b)).toBe("scheduled");
      await store.commands.letGo([b], { delayMs: 120_000 });
      expect((await commandOf(store, b)).runAt).toBeGreaterThanOrEqual(createdAt + 120_000);
    });

    it("is refused when nobody holds it", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      expect(await store.commands.letGo([id, 999], now)).toEqual([
        {
          ...{ id, outcome: "refused" },
          error: `command ${id} is ready already: there is nothing to let go`,
        },
        { id: 999, outcome: "unknown", error: "there is no command 999" },
      ]);
    });
  });

  describe("two commands that change places", () => {
    it("go by each other's, also where their priorities differ", async () => {
      await using world = await open();
      const { store } = world;
      const said = [{}, {}, { priority: 5 }];
      const [a, b, c] = (await addAll(store, said)) as [number, number, number];
      expect(await store.commands.swap(a, b)).toEqual(done(a, b));
      expect(await queuedIn(store)).toEqual([b, a, c]);
      expect(await store.commands.swap(c, b)).toEqual(done(c, b));
      expect(await queuedIn(store)).toEqual([c, a, b]);
      expect((await commandOf(store, b)).priority).toBe(5);
      await add(store);
      await store.commands.swap(b, c);
      await store.commands.swap(a, b);
      expect((await queuedIn(store)).slice(0, 2)).toEqual([a, b]);
      const runner = await newRunner(store);
      await runner.run(a);
      expect((await queuedIn(store))[0]).toBe(b);
    });

    it("keep their ids, and so does everybody who comes after them", async () => {
      await using world = await open();
      const { store } = world;
      const [a, b] = (await addAll(store, [{}, { held: true }])) as [number, number];
      const after = await add(store, { after: [a] });
      await store.commands.swap(a, b);
      await store.commands.swap(b, after);
      expect(await commandOf(store, after)).toMatchObject({ state: "waiting" });
      const runner = await newRunner(store);
      await runner.run(a);
      expect(await commandOf(store, after)).toMatchObject({
        state: "ready",
        command: { after: [a] },
      });
    });

    it("are refused when one has begun, is locked, or both are the same", async () => {
      await using world = await open();
      const { store } = world;
      const all = (await addAll(store, [{}, {}, {}])) as [number, number, number];
      const [a, runs, locked] = all;
      const runner = await newRunner(store);
      const run = await runner.start(runs);
      await store.commands.lock([locked], { owner: "me", forMs: 60_000 });
      const refused = (...some: readonly number[]) =>
        some.map((id) => ({
          id,
          outcome: "refused",
          error: expect.stringMatching(`command ${id} `),
        }));
      expect(await store.commands.swap(a, runs)).toEqual(refused(a, runs));
      expect(await store.commands.swap(locked, a)).toEqual(refused(locked, a));
      expect(await store.commands.swap(a, a)).toEqual(refused(a, a));
      await runner.settle(run, success);
      expect(await store.commands.swap(a, runs)).toEqual(refused(a, runs));
      expect(await store.commands.swap(a, 999)).toMatchObject([
        { id: a, outcome: "refused" },
        { id: 999, outcome: "unknown" },
      ]);
      expect(await queuedIn(store)).toEqual([a]);
    });
  });
}
