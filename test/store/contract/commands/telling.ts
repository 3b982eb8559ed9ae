// Ends that somebody is to be told of: who owes it, until when, and that nobody does it twice.

import { describe, expect, it } from "vitest";
import { ids, type OpenStore } from "../world.ts";
import { add, addAll, commandOf, failure, newRunner, success } from "./words.ts";

const all = { since: 0, again: false };
const again = { since: 0, again: true };

export function tellingContract(open: OpenStore): void {
  describe("ends of commands that nobody was told of", () => {
    it("are owed by the host that settled them, until it says so", async () => {
      await using world = await open();
      const { store } = world;
      const [told, owed, quiet] = (await addAll(store, [{}, {}, {}])) as [number, number, number];
      const runner = await newRunner(store);
      for (const id of [told, owed]) {
        await runner.settle(await runner.start(id), { ...success, untold: "here" });
      }
      await runner.settle(await runner.start(quiet), success);
      expect(await store.commands.untold("here", all)).toEqual([]);
      expect(await store.commands.untold("there", again)).toEqual([]);
      await store.commands.told([told]);
      const left = await store.commands.untold("here", again);
      expect(left).toEqual([await commandOf(store, owed)]);
      await store.commands.told([owed, 999]);
      expect(await store.commands.untold("here", again)).toEqual([]);
    });

    it("are of those that never began the first host's that asks, and nobody else's", async () => {
      await using world = await open();
      const { store } = world;
      const first = await add(store);
      const second = await add(store, { after: [first] });
      const third = await add(store, { after: [second] });
      const runner = await newRunner(store);
      await runner.settle(await runner.start(first), failure(1));
      const late = await add(store, { after: [first] });
      const failed = [second, third, late];
      expect(ids(await store.commands.untold("here", all))).toEqual(failed);
      expect(await store.commands.untold("there", again)).toEqual([]);
      expect(await store.commands.untold("here", all)).toEqual([]);
      expect(ids(await store.commands.untold("here", again))).toEqual(failed);
    });

    it("are forgotten when they failed before anybody asks for them, or run again", async () => {
      await using world = await open();
      const { store } = world;
      const first = await add(store);
      const second = await add(store, { after: [first] });
      const third = await add(store);
      const runner = await newRunner(store);
      await runner.settle(await runner.start(first), failure(1));
      await runner.settle(await runner.start(third), { ...failure(1), untold: "here" });
      const since = (await commandOf(store, second)).finishedAt! + 1;
      expect(ids(await store.commands.untold("here", { since, again: true }))).toEqual([third]);
      expect(ids(await store.commands.untold("there", again))).toEqual([]);
      await store.commands.restart([third], { held: false });
      await runner.claim([third]);
      expect(await store.commands.untold("here", again)).toEqual([]);
    });
  });
}
