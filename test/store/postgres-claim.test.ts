// What a claim on PostgreSQL finds although it does not read everything there is.

import { Client } from "pg";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { execute } from "../support/postgres/databases.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { waitFor } from "../support/wait-for.ts";
import { enqueueAll, ids, newWorker } from "./contract/world.ts";

const insertSuspects = `INSERT INTO queue_runtime.jobs
    (name, kind, queue, state, priority, run_at, created_at, crashes, crashes_since_checkpoint)
  SELECT $1, 'module', $2, 'ready', 0, 0, 0, 2, 2 FROM generate_series(1, $3::integer)`;

describeThatNeedsPostgres("a claim", () => {
  it("finds its suspect behind a thousand that are none of its business", async () => {
    await using world = await temporaryPostgres();
    const client = new Client({ connectionString: world.url });
    await client.connect();
    await client.query(insertSuspects, ["job", "elsewhere", 1_000]);
    await client.query(insertSuspects, ["unknown", "mine_too", 1_000]);
    await client.query(insertSuspects, ["job", "mine_too", 1]);
    await client.end();
    const worker = await newWorker(world.store);
    const claim = { queues: ["mine", "mine_*"], idle: true };
    expect(ids(await worker.claim(claim))).toEqual([2_001]);
    expect(ids(await worker.claim(claim))).toEqual([]);
  });

  it("goes past suspects that nobody may take now", async () => {
    await using world = await temporaryPostgres();
    const client = new Client({ connectionString: world.url });
    await client.connect();
    await client.query(insertSuspects, ["job", "paused", 10]);
    await client.query(insertSuspects, ["unknown", "default", 10]);
    await client.end();
    await world.store.queues.pause("paused");
    const jobs = await enqueueAll(world.store, [{}, {}]);
    const worker = await newWorker(world.store);
    expect(ids(await worker.claim({ idle: false }))).toEqual(jobs);
  });

  it("finds what was committed after jobs with a higher id had been taken", async () => {
    await using world = await temporaryPostgres();
    const worker = await newWorker(world.store);
    const late = new Client({ connectionString: world.url });
    await late.connect();
    const early = (
      await late.query("SELECT nextval('queue_runtime.jobs_id_seq') FROM generate_series(1, 3)")
    ).rows as { nextval: string }[];
    for (let n = 0; n < 3; n += 1) {
      await enqueueAll(world.store, [{}, {}]);
      expect(await worker.claim()).toHaveLength(2);
    }
    const insert = `INSERT INTO queue_runtime.jobs
      (id, name, kind, queue, state, priority, run_at, created_at)
      SELECT id, 'job', 'module', 'default', 'ready', 0, 0, 0 FROM unnest($1::bigint[]) AS id`;
    const given = early.map(({ nextval }) => Number(nextval));
    await late.query(insert, [given]);
    await late.end();
    const found: number[] = [];
    const all = async () => {
      found.push(...ids(await worker.claim({ limit: 2 })));
      return found.length === 3;
    };
    await waitFor(all, { what: "the jobs with low ids" });
    expect(found).toEqual(given);
  });

  it("ends, and does so with an empty hand, where a lane cannot be named in JavaScript", async () => {
    await using world = await temporaryPostgres();
    const bounds = `DROP CONSTRAINT "must be from -2^53 + 1 to 2^53 - 1"`;
    await execute(world.url, `ALTER DOMAIN queue_runtime.job_priority ${bounds}`);
    const insert = `INSERT INTO queue_runtime.jobs
      (name, kind, queue, state, priority, run_at, created_at)
      VALUES ('job', 'module', 'default', 'ready', 9007199254740993, 0, 0)`;
    await execute(world.url, insert);
    const worker = await newWorker(world.store);
    expect(await worker.claim()).toEqual([]);
  });
});
