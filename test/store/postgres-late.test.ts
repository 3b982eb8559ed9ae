// What arrives late. A worker gave up on a claim, said what it holds and went on; the server still
// has the claim before it, and must not give anything to somebody who no longer listens.

import { Client } from "pg";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { execute } from "../support/postgres/databases.ts";
import { type TemporaryPostgres, temporaryPostgres } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { enqueueAll, newWorker } from "./contract/world.ts";

/** Whatever claims stands still meanwhile: nothing can be read of which queues are paused. */
async function hold(url: string): Promise<() => Promise<void>> {
  const lock = new Client({ connectionString: url });
  await lock.connect();
  await lock.query("BEGIN; LOCK TABLE queue_runtime.paused_queues IN ACCESS EXCLUSIVE MODE");
  return async () => {
    await lock.query("ROLLBACK");
    await lock.end();
  };
}

const claims = `SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`;

/** A claim that its worker has given up on, and the server has not. */
async function lateClaim(world: TemporaryPostgres, worker: { claim(): Promise<unknown> }) {
  const release = await hold(world.url);
  await expect(worker.claim()).rejects.toMatchObject({ code: "unreachable" });
  expect(await execute(world.url, claims)).toHaveLength(1);
  const arrived = async () => (await execute(world.url, claims)).length === 0;
  return async () => {
    await release();
    await waitFor(arrived, { what: "the late claim to be over" });
  };
}

/** Each of them waits until its worker gives up. */
const slow = { timeout: 90_000 };

describeThatNeedsPostgres("a claim that arrives after its worker gave up on it", () => {
  it.concurrent(
    "takes nothing once the worker has said what it holds",
    slow,
    async ({ expect }) => {
      await using world = await temporaryPostgres();
      const { store } = world;
      const worker = await newWorker(store);
      await enqueueAll(store, [{}, {}]);
      const arrive = await lateClaim(world, worker);
      const turn = { processId: worker.id, settlements: [], checkpoints: [], claim: null };
      await store.jobs.turn({ ...turn, holding: [] });
      await arrive();
      expect(await store.jobs.count()).toMatchObject({ ready: 2, running: 0 });
      expect(await worker.claim()).toHaveLength(2);
    },
  );

  it.concurrent(
    "is released by what the worker says when it comes before that",
    slow,
    async ({ expect }) => {
      await using world = await temporaryPostgres();
      const { store } = world;
      const worker = await newWorker(store);
      await enqueueAll(store, [{}]);
      const arrive = await lateClaim(world, worker);
      await arrive();
      const turn = { processId: worker.id, settlements: [], checkpoints: [], claim: null };
      await store.jobs.turn({ ...turn, holding: [] });
      expect(await store.jobs.count()).toMatchObject({ ready: 1, running: 0 });
    },
  );

  it.concurrent("takes no suspect either", slow, async ({ expect }) => {
    await using world = await temporaryPostgres();
    const { store } = world;
    const worker = await newWorker(store);
    await enqueueAll(store, [{}]);
    const spoil = "UPDATE queue_runtime.jobs SET crashes = 2, crashes_since_checkpoint = 2";
    await execute(world.url, spoil);
    const arrive = await lateClaim(world, worker);
    const turn = { processId: worker.id, settlements: [], checkpoints: [], claim: null };
    await store.jobs.turn({ ...turn, holding: [] });
    await arrive();
    expect(await store.jobs.count()).toMatchObject({ ready: 1, running: 0 });
    expect(await worker.claim()).toHaveLength(1);
  });
});

describeThatNeedsPostgres("what a worker holds, said through a second store", () => {
  it("counts, and the first goes on claiming", async () => {
    await using world = await temporaryPostgres();
    const worker = await newWorker(world.store);
    await enqueueAll(world.store, [{}, {}]);
    const held = await worker.claimOne();
    const second = await world.connect();
    const turn = { processId: worker.id, settlements: [], checkpoints: [], claim: null };
    for (const store of [second, world.store, second]) {
      await store.jobs.turn({ ...turn, holding: [{ id: held.id, fence: held.fence }] });
    }
    const whole = { queues: ["*"], names: ["job"], limit: 10, idle: true };
    const answer = await world.store.jobs.turn({ ...turn, claim: whole });
    expect(answer).toMatchObject({ claimed: [], more: true });
    expect(await worker.claim()).toHaveLength(1);
  });
});
