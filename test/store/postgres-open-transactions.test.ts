// An application may keep a transaction open for minutes, in which jobs were enqueued. Nobody else
// stands still for that: a turn waits for no application, and who wants a unique key that it has
// just taken hears so.

import { openStore, type Store } from "@queue-runtime/store";
import { Client } from "pg";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { within } from "../support/pace.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { beginIn } from "./contract/flow/application.ts";
import { finish, slot, statesOf, unique } from "./contract/flow/words.ts";
import { boom, enqueueAll, enqueueOne, ids, jobOf, newWorker } from "./contract/world.ts";

const dropped = { name: "job", gates: [slot("k", { onConflict: "discard" })] };

/** Well below the time after which anybody gives up. */
const soonMs = 2_000;

async function timed<T>(work: Promise<T>): Promise<T> {
  const began = performance.now();
  const answer = await work;
  expect(performance.now() - began).toBeLessThan(within(soonMs));
  return answer;
}

/** By whoever takes it up once the transaction has ended. */
async function decided(store: Store, id: number): Promise<void> {
  await waitFor(async () => (await jobOf(store, id)).state !== "blocked");
}

describeThatNeedsPostgres("a transaction of an application that stays open", () => {
  it("holds no key: its jobs were asked whether a slot was free, and are decided later", async () => {
    await using world = await temporaryPostgres();
    const { store } = world;
    const [holder, other] = await enqueueAll(store, [dropped, {}]);
    const worker = await newWorker(store);
    const runs = await worker.claim();
    await using app = await beginIn(world.url);
    const jobs = store.in(app.transaction);
    expect(await jobs.enqueue([dropped])).toMatchObject([{ outcome: "discarded" }]);
    await timed(finish(worker, ...runs));
    expect(await statesOf(store, [holder!, other!])).toEqual(["finished", "finished"]);
    const mine = await jobs.enqueue([dropped, dropped]);
    expect(mine).toMatchObject([{ outcome: "created" }, { outcome: "created" }]);
    const fastest = await timed(enqueueOne(store, dropped));
    expect((await jobOf(store, fastest)).state).toBe("ready");
    await app.commit();
    await decided(store, mine[1]!.id);
    expect(await statesOf(store, ids(mine))).toEqual(["cancelled", "cancelled"]);
    expect((await jobOf(store, mine[0]!.id)).error).toMatchObject({ name: "ConflictError" });
  });

  it("gets a free slot when it commits, if nobody was faster", async () => {
    await using world = await temporaryPostgres();
    const { store } = world;
    await using app = await beginIn(world.url);
    const mine = await store.in(app.transaction).enqueue([dropped, dropped]);
    await app.commit();
    await decided(store, mine[1]!.id);
    expect(await statesOf(store, ids(mine))).toEqual(["ready", "cancelled"]);
  });

  it("is decided for at the next look, where a job of it is locked at the first", async () => {
    await using world = await temporaryPostgres();
    const { store } = world;
    await using app = await beginIn(world.url);
    // closed before the commit, or it looks by itself before the row can be locked
    const enqueuer = await openStore(world.url);
    const [mine] = await enqueuer.in(app.transaction).enqueue([dropped]);
    await enqueuer.close();
    const fastest = await enqueueOne(store, dropped);
    const reader = new Client({ connectionString: world.url });
    await reader.connect();
    await app.commit();
    await reader.query("BEGIN");
    await reader.query("SELECT FROM queue_runtime.jobs WHERE id = $1 FOR UPDATE", [mine!.id]);
    await store.flow.maintain(10);
    await reader.query("COMMIT");
    await reader.end();
    expect(await statesOf(store, [fastest, mine!.id])).toEqual(["ready", "blocked"]);
    await store.flow.maintain(10);
    expect(await statesOf(store, [mine!.id])).toEqual(["cancelled"]);
  });

  it("may have any isolation", async () => {
    await using world = await temporaryPostgres();
    const { store } = world;
    const client = new Client({ connectionString: world.url });
    await client.connect();
    await client.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
    const [mine] = await store.in(client).enqueue([dropped]);
    await client.query("COMMIT");
    await client.end();
    await decided(store, mine!.id);
    expect((await jobOf(store, mine!.id)).state).toBe("ready");
  });

  it("is named where it has the unique key that somebody wants", async () => {
    await using world = await temporaryPostgres();
    const { store } = world;
    const uniques = [unique("U", { states: ["ready", "running"] })];
    const failed = await enqueueOne(store, { uniques });
    const worker = await newWorker(store);
    const run = await worker.claimOne();
    await worker.settle(run, { outcome: "failed", error: boom, retryDelayMs: null });
    await using app = await beginIn(world.url);
    await store.in(app.transaction).enqueue([{ name: "job", uniques }]);
    const open = 'a transaction that has not ended yet holds its unique key "U": try again';
    await expect(store.jobs.enqueue([{ name: "job", uniques }])).rejects.toMatchObject({
      code: "conflict",
      message: `the job cannot be enqueued: ${open}`,
    });
    expect(await store.jobs.retry([failed], { fromStart: false })).toEqual([
      { id: failed, outcome: "refused", error: `job ${failed} cannot be retried: ${open}` },
    ]);
    await app.rollback();
    expect(await store.jobs.enqueue([{ name: "job", uniques }])).toMatchObject([
      { outcome: "created" },
    ]);
  });
});

describeThatNeedsPostgres("a lock that somebody holds on a key", () => {
  it("holds up the jobs of that key, and no turn", async () => {
    await using world = await temporaryPostgres();
    const { store } = world;
    const [first, next] = await enqueueAll(store, [{ gates: [slot("k")] }, { gates: [slot("k")] }]);
    const worker = await newWorker(store);
    const run = await worker.claimOne();
    const client = new Client({ connectionString: world.url });
    await client.connect();
    await client.query("SELECT pg_advisory_lock(queue_runtime.key_lock('k'))");
    await timed(finish(worker, run));
    expect(await statesOf(store, [first!, next!])).toEqual(["finished", "blocked"]);
    await client.end();
    await store.flow.maintain(100);
    expect((await jobOf(store, next!)).state).toBe("ready");
  });
});
