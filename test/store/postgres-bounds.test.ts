// What no table of jobs takes, by whatever way it comes: a row that workers cannot read would stop
// all of them.

import { Client } from "pg";
import { expect, it } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { execute } from "../support/postgres/databases.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { boom, enqueueOne, jobOf, newWorker } from "./contract/world.ts";

const inserted = {
  name: "'job'",
  kind: "'module'",
  queue: "'default'",
  state: "'ready'",
  priority: "0",
  run_at: "0",
  created_at: "0",
};

function insert(columns: Readonly<Record<string, string>>): string {
  const all = Object.entries({ ...inserted, ...columns });
  const names = all.map(([name]) => name).join();
  const values = all.map(([, value]) => value).join();
  return `INSERT INTO queue_runtime.jobs (${names}) VALUES (${values})`;
}

const many = (job: string): string =>
  `SELECT * FROM queue_runtime.enqueue_many('[{"name": "job"}, ${job}]')`;

describeThatNeedsPostgres("the table of jobs", () => {
  it.each([
    [{ name: "''" }, "must have 1 to 200 characters"],
    [{ name: "repeat('x', 201)" }, "must have 1 to 200 characters"],
    [{ kind: "'query'" }, "must be module or command"],
    [{ queue: "''" }, "must have 1 to 200 characters, and no *"],
    [{ queue: "repeat('x', 201)" }, "must have 1 to 200 characters, and no *"],
    [{ queue: "'mail*'" }, "must have 1 to 200 characters, and no *"],
    [{ priority: "9007199254740992" }, "must be from -2^53 + 1 to 2^53 - 1"],
    [{ priority: "-9223372036854775808" }, "must be from -2^53 + 1 to 2^53 - 1"],
    [{ label: "''" }, "must have 1 to 10000 characters"],
    [{ label: "repeat('x', 10001)" }, "must have 1 to 10000 characters"],
    [{ run_at: "-1" }, "must be milliseconds since 1970"],
    [{ run_at: "8640000000000001" }, "must be milliseconds since 1970"],
    [{ created_at: "8640000000000001" }, "must be milliseconds since 1970"],
    [{ args: "to_json(repeat('x', 1048575))" }, "must have at most 1048576 bytes"],
    [{ id: "9007199254740992" }, "id must be at most 2^53 - 1"],
  ])("refuses %j, saying: %s", async (columns: Readonly<Record<string, string>>, sentence) => {
    await using world = await temporaryPostgres();
    await expect(execute(world.url, insert(columns))).rejects.toThrow(sentence);
  });

  it.each([
    ["priority = 9007199254740992", "must be from -2^53 + 1 to 2^53 - 1"],
    ["queue = 'mail*'", "must have 1 to 200 characters, and no *"],
    ["run_at = -1", "must be milliseconds since 1970"],
  ])("refuses to be changed by hand to %s, saying: %s", async (change, sentence) => {
    await using world = await temporaryPostgres();
    await execute(world.url, insert({}));
    const update = execute(world.url, `UPDATE queue_runtime.jobs SET ${change}`);
    await expect(update).rejects.toThrow(sentence);
  });

  it("takes what is just within the bounds", async () => {
    await using world = await temporaryPostgres();
    const latest = "8640000000000000";
    const texts = {
      name: "repeat('ß', 200)",
      queue: "repeat('ß', 200)",
      label: "repeat('ß', 1e4::int)",
    };
    const numbers = { id: "9007199254740991", priority: "-9007199254740991" };
    const rest = { args: "to_json(repeat('x', 1048574))", run_at: latest, created_at: latest };
    await execute(world.url, insert({ ...texts, ...numbers, ...rest }));
    expect(await jobOf(world.store, 9_007_199_254_740_991)).toMatchObject({
      priority: -9_007_199_254_740_991,
      runAt: 8_640_000_000_000_000,
      label: "ß".repeat(10_000),
    });
  });

  it("measures args that come compressed from another table by what they hold", async () => {
    await using world = await temporaryPostgres();
    const client = new Client({ connectionString: world.url });
    await client.connect();
    await client.query(`CREATE TABLE papers AS SELECT to_json(repeat('x', 1048575)) AS args`);
    const { rows } = await client.query("SELECT pg_column_size(args) AS size FROM papers");
    expect((rows[0] as { size: number }).size).toBeLessThan(20_000);
    const copy = insert({ args: "(SELECT args FROM papers)" });
    await expect(client.query(copy)).rejects.toThrow("must have at most 1048576 bytes");
    await client.end();
  });

  it.each([
    ['{"name": "job", "priority": 9007199254740993}', "must be from -2^53 + 1 to 2^53 - 1"],
    ['{"name": ""}', "must have 1 to 200 characters"],
    ['{"name": "job", "queue": "mail*"}', "must have 1 to 200 characters, and no *"],
    ['{"name": "job", "label": ""}', "must have 1 to 10000 characters"],
    ['{"name": "job", "at": 1e16}', "invalid input syntax for type bigint"],
    ['{"name": "job", "at": 10000000000000000}', "must be milliseconds since 1970"],
    ['{"name": "job", "inMs": 1e16}', "must be milliseconds since 1970"],
    ['{"name": "job", "kind": "query"}', "a job of kind query needs a role"],
  ])("takes nothing of a list with %s, and its workers go on", async (job, sentence) => {
    await using world = await temporaryPostgres();
    await expect(execute(world.url, many(job))).rejects.toThrow(sentence);
    const id = await enqueueOne(world.store);
    const worker = await newWorker(world.store);
    expect(await worker.claim()).toMatchObject([{ id }]);
  });

  it.each([
    { outcome: "failed", error: boom, retryDelayMs: 1e300 },
    { outcome: "interrupted", delayMs: 1e300 },
  ] as const)("puts off for as long as there are dates: $outcome", async (ending) => {
    await using world = await temporaryPostgres();
    const id = await enqueueOne(world.store);
    const worker = await newWorker(world.store);
    await worker.settle(await worker.claimOne(), ending);
    const { state, runAt } = await jobOf(world.store, id);
    expect(state).toBe("scheduled");
    expect(new Date(runAt).getUTCFullYear()).toBeGreaterThan(100_000);
  });
});
