// The database itself refuses what job.ts does not allow, whoever asks. A job that ends is moved
// from one table to another, so a step is one of four: within a table, or from one to the other.

import { endStates, type JobState, jobStates, maxCrashes, transitions } from "@queue-runtime/store";
import pg from "pg";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { temporaryPostgres } from "../support/postgres.ts";

async function withTables(test: (client: pg.Client) => Promise<void>): Promise<void> {
  await using world = await temporaryPostgres();
  const client = new pg.Client(world.url);
  await client.connect();
  try {
    await test(client);
  } finally {
    await client.end();
  }
}

const ends: readonly JobState[] = endStates;
const refusal = /no legal transition|violates check constraint/;

const insertLive = `INSERT INTO queue_runtime.jobs
  (name, kind, queue, state, priority, process_id, run_at, created_at)
VALUES ('job', 'module', 'default', $1, 0, $2, 0, 0) RETURNING id`;
const insertEnded = `INSERT INTO queue_runtime.ended_jobs
  (id, name, kind, queue, state, ended_from, priority, run_at, created_at, finished_at)
VALUES ($1, 'job', 'module', 'default', $2, $3, 0, 0, 0, 0)`;
const updateLive = "UPDATE queue_runtime.jobs SET state = $2, process_id = $3 WHERE id = $1";
const updateEnded = "UPDATE queue_runtime.ended_jobs SET state = $2 WHERE id = $1";

const holder = (state: JobState): number | null => (state === "running" ? 1 : null);
let lastEnded = 1_000_000;

/** A job in that state, which got there legally. */
async function jobIn(client: pg.Client, state: JobState): Promise<number> {
  if (ends.includes(state)) {
    lastEnded += 1;
    await client.query(insertEnded, [lastEnded, state, "running"]);
    return lastEnded;
  }
  const first = state === "running" ? "ready" : state;
  const { rows } = await client.query(insertLive, [first, null]);
  const { id } = rows[0] as { id: number };
  if (state === "running") await client.query(updateLive, [id, state, 1]);
  return id;
}

/** The statement by which a store would take that step. */
async function step(client: pg.Client, from: JobState, to: JobState): Promise<unknown> {
  const id = await jobIn(client, from);
  if (!ends.includes(from) && ends.includes(to)) return client.query(insertEnded, [id, to, from]);
  if (ends.includes(from) && ends.includes(to)) return client.query(updateEnded, [id, to]);
  if (ends.includes(from)) return client.query(insertLive, [to, holder(to)]);
  return client.query(updateLive, [id, to, holder(to)]);
}

describeThatNeedsPostgres("the tables of jobs", () => {
  it.each(jobStates)("let a job leave %s only as the table of transitions says", async (from) => {
    await withTables(async (client) => {
      for (const to of jobStates.filter((state) => state !== from)) {
        const legal = transitions[from].includes(to);
        const answer = await step(client, from, to).then(
          () => "accepted",
          (error: Error) => (refusal.test(error.message) ? "refused" : error.message),
        );
        expect([to, answer]).toEqual([to, legal ? "accepted" : "refused"]);
      }
    });
  });

  it("know no other states, and keep those that ended apart", async () => {
    await withTables(async (client) => {
      for (const state of ["", "Ready", "done", "ready ", ...ends])
        await expect(client.query(insertLive, [state, null])).rejects.toThrow(/check constraint/);
      for (const state of ["", "Failed", "ready", "running"])
        await expect(client.query(insertEnded, [1, state, "running"])).rejects.toThrow(
          /check constraint/,
        );
    });
  });

  it("have a holder exactly while a job runs", async () => {
    await withTables(async (client) => {
      await expect(client.query(insertLive, ["ready", 1])).rejects.toThrow(/check constraint/);
      const id = await jobIn(client, "ready");
      await expect(client.query(updateLive, [id, "running", null])).rejects.toThrow(
        /check constraint/,
      );
      await client.query(updateLive, [id, "running", 1]);
      await expect(client.query(updateLive, [id, "ready", 1])).rejects.toThrow(/check constraint/);
    });
  });

  it("keep suspects in an index of their own: jobs one crash short of the limit", async () => {
    await withTables(async (client) => {
      const { rows } = await client.query(
        "SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE tablename = 'jobs'",
      );
      const sqlOf = (name: string): string =>
        (rows as { name: string; sql: string }[]).find((index) => index.name === name)!.sql;
      expect(sqlOf("jobs_ready")).toContain(`(crashes_since_checkpoint < ${maxCrashes - 1})`);
      expect(sqlOf("jobs_suspect")).toContain(`(crashes_since_checkpoint >= ${maxCrashes - 1})`);
    });
  });
});
