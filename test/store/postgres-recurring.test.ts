// The ledger of ticks grows old: a week of it is kept, and always the newest tick of a task. The
// time is the server's, so rows are made older instead.

import type { Store } from "@queue-runtime/store";
import pg from "pg";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { someTask, taskOf } from "./contract/recurring/some-task.ts";

const day = 24 * 60 * 60 * 1_000;

async function makeOlder(url: string, days: number): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  const text = "UPDATE queue_runtime.recurring_ticks SET recorded_at = recorded_at - $1";
  await client.query(text, [days * day]);
  await client.end();
}

async function countTicks(store: Store, key: string): Promise<number> {
  return (await store.recurring.ticks(key, 1_000)).length;
}

async function tickTimes(store: Store, key: string, times: number): Promise<void> {
  const task = await taskOf(store, key);
  const first = (task.lastTickAt ?? (await store.recurring.now())) + 1;
  for (let n = 0; n < times; n += 1)
    expect((await store.recurring.tick({ ...task, at: first + n })).outcome).toBe("enqueued");
}

describeThatNeedsPostgres("the ledger of ticks on a server", () => {
  it("loses what is older than a week, a few rows with every tick", async () => {
    await using world = await temporaryPostgres();
    const { store } = world;
    await store.recurring.add("runtime", someTask());
    await tickTimes(store, "nightly", 15);
    await makeOlder(world.url, 6.9);
    await tickTimes(store, "nightly", 1);
    expect(await countTicks(store, "nightly")).toBe(16);
    await makeOlder(world.url, 0.2);
    await tickTimes(store, "nightly", 1);
    expect(await countTicks(store, "nightly")).toBe(7);
    await tickTimes(store, "nightly", 1);
    expect(await countTicks(store, "nightly")).toBe(3);
  });

  it("keeps the newest tick of a task that ticks no more, and none of one that is gone", async () => {
    await using world = await temporaryPostgres();
    const { store } = world;
    for (const key of ["paused", "removed"]) {
      await store.recurring.add("runtime", someTask({ key }));
      await tickTimes(store, key, 5);
    }
    await store.recurring.pause("paused", true);
    await store.recurring.remove("runtime", "removed");
    await store.flow.maintain(100);
    expect([await countTicks(store, "paused"), await countTicks(store, "removed")]).toEqual([5, 5]);
    await makeOlder(world.url, 7.1);
    await store.flow.maintain(100);
    expect([await countTicks(store, "paused"), await countTicks(store, "removed")]).toEqual([1, 0]);
  });
});
