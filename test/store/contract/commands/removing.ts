// Commands are removed, unless somebody waits for them.

import { describe, expect, it } from "vitest";
import type { OpenStore } from "../world.ts";
import { add, addAll, done, newRunner, stateOf } from "./words.ts";

export function removingContract(open: OpenStore): void {
  describe("a command that is removed", () => {
    it("goes with all that is stored of it", async () => {
      await using world = await open();
      const { store } = world;
      const all = await addAll(store, [{}, { held: true }, {}, {}]);
      const runner = await newRunner(store);
      await runner.run(all[0]!);
      await runner.start(all[3]!);
      expect(await store.commands.remove([...all, all[0]!, 999])).toMatchObject([
        ...done(...all.slice(0, 3)),
        {
          ...{ id: all[3], outcome: "refused" },
          error: `command ${all[3]} is running: end it with \`runtime kill\` first`,
        },
        { id: all[0], outcome: "done" },
        { id: 999, outcome: "unknown" },
      ]);
      expect((await store.commands.list({})).map(({ id }) => id)).toEqual([all[3]]);
      expect(await store.jobs.find(all[0]!)).toBe(null);
    });

    it("is refused while somebody waits for it who stays", async () => {
      await using world = await open();
      const { store } = world;
      const a = await add(store);
      const b = await add(store, { after: [a] });
      const c = await add(store, { after: [b] });
      expect(await store.commands.remove([a, b])).toEqual([
        {
          ...{ id: a, outcome: "refused" },
          error: `command ${a} cannot be removed: job ${b} comes after it and waits`,
        },
        {
          ...{ id: b, outcome: "refused" },
          error: `command ${b} cannot be removed: job ${c} comes after it and waits`,
        },
      ]);
      expect(await stateOf(store, c)).toBe("waiting");
      expect(await store.commands.remove([c, a, b])).toEqual(done(c, a, b));
      expect(await store.commands.list({})).toEqual([]);
    });

    it("may be removed when those that come after it have ended, or wait no more", async () => {
      await using world = await open();
      const { store } = world;
      const a = await add(store);
      const b = await add(store, { after: [a] });
      const runner = await newRunner(store);
      await runner.run(a);
      expect(await store.commands.remove([a])).toEqual(done(a));
      expect(await stateOf(store, b)).toBe("ready");
    });
  });
}
