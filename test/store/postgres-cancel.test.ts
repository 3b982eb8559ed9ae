// Whoever has all hands full is woken for no new job, and still hears that one is to be cancelled.

import pg from "pg";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { enqueueOne, newWorker } from "./contract/world.ts";

describeThatNeedsPostgres("a cancel", () => {
  it("is announced also while every worker has more than it can do", async () => {
    await using world = await temporaryPostgres();
    const { store } = world;
    const worker = await newWorker(store);
    const id = await enqueueOne(store);
    const { fence } = await worker.claimOne();
    const client = new pg.Client(world.url);
    await client.connect();
    const heard: string[] = [];
    client.on("notification", ({ payload = "" }) => heard.push(payload));
    await client.query("UPDATE queue_runtime.processes SET saturated = true");
    await client.query("LISTEN queue_runtime");
    await store.jobs.cancel([id]);
    await waitFor(() => heard.length > 0);
    expect(heard).toEqual([expect.stringMatching(/^ready /)]);
    expect((await worker.look()).cancelRequested).toEqual([{ id, fence }]);
    await client.end();
  });
});
