// The ledger of ticks grows old: a week of it is kept, and always the newest tick of a task.

import type { Store } from "@queue-runtime/store";
import { expect, it } from "vitest";
import { temporaryStore } from "../support/temporary-store.ts";
import { someTask, taskOf } from "./contract/recurring/some-task.ts";

const hour = 60 * 60 * 1_000;
const day = 24 * hour;

async function countTicks(store: Store, key: string): Promise<number> {
  return (await store.recurring.ticks(key, 1_000)).length;
}

it("a task that ticks keeps the ticks of a week", async () => {
  let now = 1_000_000;
  await using world = await temporaryStore({ clock: { now: () => now }, durability: "normal" });
  const { store } = world;
  await store.recurring.add("runtime", someTask());
  const task = await taskOf(store);
  for (let n = 0; n < 20 * 24; n += 1) {
    now += hour;
    expect(await store.recurring.tick({ ...task, at: now })).toMatchObject({ outcome: "enqueued" });
  }
  expect(await countTicks(store, "nightly")).toBe(7 * 24 + 1);
  const [newest] = await store.recurring.ticks("nightly", 1);
  expect(newest).toMatchObject({ at: now, recordedAt: now });
});

it("a task that ticks no more keeps its newest tick, and one that was removed none", async () => {
  let now = 1_000_000;
  await using world = await temporaryStore({ clock: { now: () => now }, durability: "normal" });
  const { store } = world;
  for (const key of ["paused", "removed"]) {
    await store.recurring.add("runtime", someTask({ key }));
    const task = await taskOf(store, key);
    for (let n = 1; n <= 5; n += 1) await store.recurring.tick({ ...task, at: now + n });
  }
  await store.recurring.pause("paused", true);
  await store.recurring.remove("runtime", "removed");
  now += 7 * day;
  await store.flow.maintain(100);
  expect([await countTicks(store, "paused"), await countTicks(store, "removed")]).toEqual([5, 5]);
  now += 1;
  await store.flow.maintain(100);
  expect(await store.recurring.ticks("paused", 10)).toMatchObject([{ at: 1_000_005 }]);
  expect(await countTicks(store, "removed")).toBe(0);
});
