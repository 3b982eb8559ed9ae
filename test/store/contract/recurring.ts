// Recurring tasks: who may define them. What their ticks do is in recurring/ticks.ts.

import type { NewTask } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { slot } from "./flow/words.ts";
import { someTask, taskOf } from "./recurring/some-task.ts";
import { ticksContract } from "./recurring/ticks.ts";
import type { OpenStore } from "./world.ts";

const invalid: readonly [string, Record<string, unknown>, RegExp][] = [
  ["no key", { key: undefined }, /^the recurring task is refused: key must/],
  ["an empty key", { key: "" }, /key must/],
  ["a key of 201 characters", { key: "k".repeat(201) }, /key must .*200/],
  ["no schedule", { schedule: undefined }, /^the recurring task "nightly" is refused: schedule/],
  ["a schedule of 201 characters", { schedule: "*".repeat(201) }, /schedule .*200/],
  ["half a surrogate pair for a zone", { timeZone: "\ud800" }, /time zone .*Unicode/],
  ["a number for a description", { description: 7 }, /description/],
  ["a catch-up nobody knows", { catchUp: "two" }, /catch_up must be "none", "one" or "all"/],
  ["no job", { job: null }, /its job/],
  ["a job without a name", { job: { args: 1 } }, /"nightly" is refused: its job: name must/],
  ["args that are no JSON", { job: { name: "a", args: 1n } }, /its job: args must be JSON/],
  ["a queue with an asterisk", { job: { name: "a", queue: "*" } }, /its job: queue must/],
  [
    "a gate without slots",
    { job: { name: "a", gates: [slot("k", { limit: 0 })] } },
    /its job: .*limit/,
  ],
];

export function recurringContract(open: OpenStore): void {
  describe("the recurring tasks of a source", () => {
    it("are kept as they were defined, by key", async () => {
      await using world = await open();
      const { store } = world;
      const before = await store.recurring.now();
      const job = { name: "a", args: { to: ["x", null] }, queue: "mail", priority: -1 };
      const whole = { job, timeZone: "Europe/Berlin", description: "Ünïcödé", catchUp: "all" };
      const tasks = [
        someTask({ key: "b" }),
        someTask({ key: "a", ...(whole as Partial<NewTask>) }),
      ];
      await store.recurring.define("file:one", tasks);
      const state = { source: "file:one", paused: false, lastTickAt: null };
      const listed = await store.recurring.list();
      expect(listed).toMatchObject([tasks[1], tasks[0]].map((task) => ({ ...task, ...state })));
      for (const { since } of listed) expect(since).toBeGreaterThanOrEqual(before);
    });

    it("disappear when they are not named any more, also the last of them", async () => {
      await using world = await open();
      const { store } = world;
      const keys = async (): Promise<readonly string[]> =>
        (await store.recurring.list()).map(({ key }) => key);
      await store.recurring.define("file:one", [someTask({ key: "a" }), someTask({ key: "b" })]);
      await store.recurring.define("file:two", [someTask({ key: "c" })]);
      await store.recurring.define("file:one", [someTask({ key: "b" })]);
      expect(await keys()).toEqual(["b", "c"]);
      await store.recurring.define("file:one", []);
      expect(await keys()).toEqual(["c"]);
    });

    it("stay as they are when they are defined again", async () => {
      await using world = await open();
      const { store } = world;
      const tasks = [someTask({ job: { name: "a", args: { x: 1 }, gates: [slot("k")] } })];
      await store.recurring.define("file:one", tasks);
      const at = (await store.recurring.now()) + 1_000;
      await store.recurring.tick({ ...(await taskOf(store)), at });
      await store.recurring.pause("nightly", true);
      const before = await taskOf(store);
      expect(before).toMatchObject({ paused: true, lastTickAt: at });
      await store.recurring.define("file:one", structuredClone(tasks));
      expect(await taskOf(store)).toEqual(before);
    });

    it("have a new version once they changed, and are paused and ticked as before", async () => {
      await using world = await open();
      const { store } = world;
      await store.recurring.define("file:one", [someTask(), someTask({ key: "other" })]);
      const at = (await store.recurring.now()) + 1_000;
      await store.recurring.tick({ ...(await taskOf(store)), at });
      await store.recurring.pause("nightly", true);
      const [before, other] = await store.recurring.list();
      const changed = someTask({ job: { name: "report", args: 1 } });
      await store.recurring.define("file:one", [changed, someTask({ key: "other" })]);
      const [after, otherAfter] = await store.recurring.list();
      expect(after).toMatchObject({ ...changed, paused: true, lastTickAt: at });
      expect(after!.since).toBe(before!.since);
      expect(after!.version).toBeGreaterThan(before!.version);
      expect(otherAfter).toEqual(other);
    });

    it.each([{ schedule: "@daily" }, { timeZone: "Asia/Tokyo" }])(
      "have missed nothing when their schedule became %j",
      async (change) => {
        await using world = await open();
        const { store } = world;
        await store.recurring.define("file:one", [someTask()]);
        const { since } = await taskOf(store);
        await expect.poll(() => store.recurring.now()).toBeGreaterThan(since);
        await store.recurring.add("file:one", someTask(change));
        expect((await taskOf(store)).since).toBeGreaterThan(since);
      },
    );

    it("can be added and removed one by one", async () => {
      await using world = await open();
      const { store } = world;
      await store.recurring.add("runtime", someTask({ key: "a" }));
      await store.recurring.add("runtime", someTask({ key: "b" }));
      await store.recurring.add("runtime", someTask({ key: "b", schedule: "@hourly" }));
      expect(await store.recurring.list()).toMatchObject([{ key: "a" }, { schedule: "@hourly" }]);
      expect(await store.recurring.remove("runtime", "a")).toBe(true);
      expect(await store.recurring.remove("runtime", "a")).toBe(false);
      expect(await store.recurring.list()).toHaveLength(1);
    });

    it("are nobody else's to change", async () => {
      await using world = await open();
      const { store } = world;
      await store.recurring.define("file:one", [someTask()]);
      const before = await store.recurring.list();
      const tasks = [someTask({ key: "mine" }), someTask({ schedule: "@daily" })];
      const attempts = [
        () => store.recurring.define("file:two", tasks),
        () => store.recurring.add("runtime", someTask()),
        () => store.recurring.remove("runtime", "nightly"),
      ];
      for (const attempt of attempts) {
        const refusal = await attempt().catch((error: unknown) => error);
        expect(refusal).toMatchObject({ code: "invalid" });
        expect((refusal as Error).message).toMatch(/"nightly" .* belongs to "file:one"/);
      }
      expect(await store.recurring.list()).toEqual(before);
    });

    it("may be defined by many at once", async () => {
      await using world = await open();
      const { store } = world;
      const other = await world.connect();
      const tasks = Array.from({ length: 20 }, (_, n) => someTask({ key: `task ${n}` }));
      await Promise.all([
        store.recurring.define("file:one", tasks),
        other.recurring.define("file:one", [...tasks].reverse()),
        other.recurring.define("file:two", [someTask()]),
        store.recurring.define("file:two", [someTask()]),
      ]);
      expect(await store.recurring.list()).toHaveLength(21);
    });

    it.each(invalid)("are refused with %s, all of them", async (_, wrong, message) => {
      await using world = await open();
      const { store } = world;
      const tasks = [someTask({ key: "right" }), { ...someTask(), ...wrong } as NewTask];
      const refusal = await store.recurring.define("file:one", tasks).catch((error) => error);
      expect(refusal).toMatchObject({ name: "StoreError", code: "invalid" });
      expect(refusal.message).toMatch(message);
      expect(await store.recurring.list()).toEqual([]);
    });

    it("are refused when two have the same key", async () => {
      await using world = await open();
      const twice = world.store.recurring.define("file:one", [someTask(), someTask()]);
      await expect(twice).rejects.toThrow(/"nightly" is refused: another one has the same key/);
    });
  });

  ticksContract(open);
}
