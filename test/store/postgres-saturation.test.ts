// Workers that have more than they can do say so, and are not woken until they say otherwise.

import { Client } from "pg";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { within } from "../support/pace.ts";
import { execute } from "../support/postgres/databases.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { enqueueAll, newWorker } from "./contract/world.ts";

async function saturated(url: string): Promise<unknown> {
  const [row] = await execute(url, "SELECT saturated FROM queue_runtime.processes");
  return (row as { saturated: boolean }).saturated;
}

describeThatNeedsPostgres("a worker with more than it can do", () => {
  it("says so after some full claims, and otherwise once it finds too little", async () => {
    await using world = await temporaryPostgres();
    const worker = await newWorker(world.store);
    await enqueueAll(world.store, Array(6).fill({}));
    await worker.claimOne();
    expect(await saturated(world.url)).toBe(false);
    for (let n = 2; n <= 6; n += 1) await worker.claimOne();
    expect(await saturated(world.url)).toBe(true);
    expect(await worker.claim({ limit: 1 })).toEqual([]);
    expect(await saturated(world.url)).toBe(false);
  });

  it("says it again when nobody knows whether it was heard", { timeout: 90_000 }, async () => {
    await using world = await temporaryPostgres();
    const worker = await newWorker(world.store);
    await enqueueAll(world.store, Array(6).fill({}));
    const held = [];
    for (let n = 1; n <= 6; n += 1) held.push(await worker.claimOne());
    const lock = new Client({ connectionString: world.url });
    await lock.connect();
    await lock.query("BEGIN; UPDATE queue_runtime.processes SET rss_bytes = 1");
    await expect(worker.claim({ limit: 1 })).rejects.toMatchObject({ code: "unreachable" });
    // the server goes on with it until it sees that nobody listens
    const waiting =
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    await waitFor(async () => (await execute(world.url, waiting)).length === 0, {
      deadlineMs: within(10_000),
    });
    await lock.query("ROLLBACK");
    await lock.end();
    expect(await saturated(world.url)).toBe(true);
    await world.store.jobs.turn({
      processId: worker.id,
      settlements: [],
      checkpoints: [],
      claim: { queues: ["*"], names: ["job"], limit: 1, idle: false },
      holding: held.map(({ id, fence }) => ({ id, fence })),
    });
    expect(await saturated(world.url)).toBe(false);
  });
});
