// Applications that know a job by its name alone, and runtimes that know the rest: from outside,
// with the SQL function on PostgreSQL and a reference on SQLite.

import { type JobState, openStore } from "@queue-runtime/store";
import { Client } from "pg";
import { jobRef, openQueue } from "queue-runtime";
import { expect, test } from "vitest";
import { Project } from "../support/project.ts";
import { waitFor } from "../support/wait-for.ts";

const jobs = ["by-name.ts"];
const config = { workers: [{ name: "default", processes: 2, threads: 2 }] };

/** All of one name at once, before any runtime is there. */
async function enqueueAll(url: string, name: string, inputs: readonly object[]): Promise<number[]> {
  if (url.startsWith("sqlite:")) {
    await using queue = await openQueue(url);
    return (await queue.enqueueMany(jobRef(name), inputs)).map(({ id }) => id);
  }
  await (await openQueue(url)).close();
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query({
      text: `SELECT queue_runtime.enqueue($1, input.args)
        FROM json_array_elements($2::json) AS input (args)`,
      values: [name, JSON.stringify(inputs)],
      rowMode: "array",
    });
    return (rows as string[][]).map(([id]) => Number(id));
  } finally {
    await client.end();
  }
}

const same = (count: number) => Array(count).fill({ key: "a" });

test("of jobs with one unique key one runs, and the others say which", async () => {
  await using project = new Project({ config, jobs });
  const ids = await enqueueAll(project.url, "once", same(20));
  const runtime = await project.start().ready();
  await using open = new AsyncDisposableStack();
  const store = open.adopt(await openStore(project.url), (store) => store.close());
  const cancelled = () => store.jobs.list({ states: ["cancelled"] });
  await waitFor(async () => (await cancelled()).length === 19);
  const [run, ...more] = await store.jobs.list({ states: ["running"] });
  expect(more).toEqual([]);
  expect(run).toMatchObject({ uniqueKey: "once/a", attempts: 1 });
  for (const job of await cancelled()) {
    const message = `job ${run!.id} has its unique key once/a`;
    expect(job).toMatchObject({ attempts: 0, error: { name: "ConflictError", message } });
  }
  expect(project.records("began")).toHaveLength(1);
  await store.jobs.cancel(ids);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("what finds no slot is cancelled or takes the place of others, as its policy says", async () => {
  await using project = new Project({ config, jobs });
  const strict = await enqueueAll(project.url, "strict", same(5));
  const newest = await enqueueAll(project.url, "newest", same(5));
  const runtime = await project.start().ready();
  await using open = new AsyncDisposableStack();
  const store = open.adopt(await openStore(project.url), (store) => store.close());
  const among = async (ids: readonly number[], state: JobState) =>
    (await store.jobs.list({ states: [state] })).filter(({ id }) => ids.includes(id));
  await waitFor(async () => (await among(strict, "cancelled")).length === 4);
  const message = "no slot of strict/a was free when it was due";
  for (const job of await among(strict, "cancelled"))
    expect(job.error).toMatchObject({ name: "ConflictError", message });
  // one may have begun before the others came; of those that had not, the newest is left
  await waitFor(async () => (await among(newest, "cancelled")).length >= 3);
  await waitFor(async () => (await among(newest, "running")).length === 1);
  expect((await store.jobs.find(newest.at(-1)!))?.state).toMatch(/running|blocked/);
  await store.jobs.cancel([...strict, ...newest]);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("in a fair queue a thousand of one tenant are not in the way of ten of another", async () => {
  await using project = new Project({ config, jobs });
  await using open = new AsyncDisposableStack();
  const store = open.adopt(await openStore(project.url), (store) => store.close());
  await store.migrate();
  await store.queues.set("default", { slots: null, rate: null, fair: true });
  const of = (tenant: string, count: number) => Array(count).fill({ tenant });
  await enqueueAll(project.url, "mail", of("a", 1_000));
  await enqueueAll(project.url, "mail", of("b", 10));
  const runtime = await project.start().ready();
  const begins = await project.recorded("began", 1_010, { deadlineMs: 60_000 });
  const last = begins.map(({ tenant }) => tenant).lastIndexOf("b");
  expect(last).toBeLessThan(100);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});
