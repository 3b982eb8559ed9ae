// config/postgres/roles.sql on a real server: each of its roles can do its work, and nothing else.

import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { defineJob, openQueue } from "@queue-runtime/job";
import { openStore, StoreError } from "@queue-runtime/store";
import { Client } from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { execute } from "../support/postgres/databases.ts";
import type { PostgresServer } from "../support/postgres/server.ts";
import { startPostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";
import { add, addAll, done, failure, newRunner, success } from "./contract/commands/words.ts";

const roles = readFileSync("config/postgres/roles.sql", "utf8");
const secret = defineJob({ name: "secret", perform: () => null });

type Role = "queue_owner" | "queue_worker" | "queue_enqueuer" | "queue_viewer";

describeThatNeedsPostgres("roles.sql", () => {
  let server: PostgresServer;
  let admin: string;

  beforeAll(async () => {
    server = await startPostgres();
    admin = await server.createDatabase();
    await execute(admin, roles);
    const owner = await openStore(as("queue_owner"));
    await owner.migrate();
    await owner.close();
    await execute(admin, roles);
  });

  afterAll(() => server?.stop());

  function as(role: Role): string {
    return admin.replace("postgres@", `${role}@`);
  }

  /** What the server answers to a statement that the role may not make. */
  async function refusal(role: Role, sql: string): Promise<string> {
    return await execute(as(role), sql).then(
      () => `${role} may: ${sql}`,
      ({ code, message }: { code: string; message: string }) =>
        code === "42501" ? "denied" : message,
    );
  }

  test("the owner owns every table, and may be given more by running the file again", async () => {
    const owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'queue_runtime'";
    expect(await execute(admin, owners)).toEqual([{ tableowner: "queue_owner" }]);
    await execute(admin, roles);
  });

  test("a worker runs a whole runtime: jobs finish, fail, wait, stop and go on", async () => {
    // long enough that a busy machine is no trouble: what shows here is a right that is missing
    const patient = { heartbeat_interval: "1s", alive_threshold: "20s", startup_timeout: "20s" };
    await using project = new Project({ config: { store: as("queue_worker"), process: patient } });
    const runtime = await project.start().ready();
    const done = await project.enqueueMany("quick", [{}, {}, {}]);
    const late = await project.enqueue("quick", {}, { delay: 300 });
    const [long] = await project.enqueueMany("items", [{ count: 200, ms: 10 }]);
    await project.recorded("item", 5);
    expect(await runtime.stop()).toMatchObject({ code: 0 });
    expect(await project.job(long!)).toMatchObject({ state: "ready", interruptions: 1 });

    const next = await project.start().ready();
    for (const id of [...done, late, long!]) await project.becomes(id, "finished");
    for (const argv of [["queue", "pause", "mail"], ["queue", "resume", "mail"], ["status"]]) {
      expect(await project.cli(...argv, "-c", "queue.yml")).toMatchObject({ code: 0 });
    }
    expect(await next.stop()).toMatchObject({ code: 0 });
    for (const each of [runtime, next]) expect(each.events("store-trouble")).toEqual([]);
  });

  test("a worker recovers, retries, cancels, discards and clears", async () => {
    const store = await openStore(as("queue_worker"));
    onTestFinished(() => store.close());
    const row = { kind: "worker", name: "w", supervisorId: null, queues: ["*"] } as const;
    const identity = { host: "h", bootId: "b", pid: 1, startTicks: 1 };
    const id = await store.processes.register({ ...row, ...identity });
    await store.processes.ready(id, ["one"]);
    const [job] = await store.jobs.enqueue([{ name: "one", queue: "roles", args: null }]);
    const claim = { queues: ["roles"], names: ["one"], limit: 1, idle: true };
    const turn = { processId: id, settlements: [], checkpoints: [] };
    const { claimed } = await store.jobs.turn({ ...turn, claim });
    expect(claimed).toMatchObject([{ id: job!.id }]);
    const [{ fence } = { fence: 0 }] = claimed;
    const error = { name: "Error", message: "no", code: null, stack: null, cause: null };
    const failed = { id: job!.id!, fence, outcome: "failed", error, retryDelayMs: null } as const;
    await store.jobs.turn({ ...turn, settlements: [failed], claim: null });
    expect(await store.jobs.find(job!.id!)).toMatchObject({ state: "failed" });
    await store.jobs.retry([job!.id!], { fromStart: true });
    await store.jobs.turn({ ...turn, claim });
    expect(await store.processes.heartbeat([{ id, state: "running", rssBytes: 1 }])).toEqual([]);
    await store.jobs.recover(id, { end: { how: "silent", silentMs: 1 }, started: null });
    expect(await store.jobs.cancel([job!.id!])).toMatchObject([{ outcome: "cancelled" }]);
    expect(await store.jobs.discard([job!.id!])).toMatchObject([{ outcome: "discarded" }]);
    const at = { finishedMs: 0, cancelledMs: 0, failedMs: 0 };
    await store.jobs.clear(at, 100);
    await store.queues.clear("roles", { all: true });
    expect(await store.migrate()).toMatchObject({ from: 3 });
  });

  test("a worker does with commands whatever can be done with them", async () => {
    const store = await openStore(as("queue_worker"));
    onTestFinished(() => store.close());
    const runner = await newRunner(store);
    await store.commands.addGroup("gpu", { slots: 2 });
    const group = { queue: "gpu" };
    const [one, two] = (await addAll(store, [group, group])) as [number, number];
    const last = await add(store, { ...group, after: [one] });
    await store.commands.swap(one, two);
    await store.commands.lock([last], { owner: "me", forMs: 60_000 });
    const changes = new Map([[last, { line: "false", priority: -1 }]]);
    await store.commands.unlock([last], { owner: "me", changes });
    await store.commands.setVariable(two, "TOKEN", "secret");
    await store.commands.stash([two], { delayMs: null });
    await store.commands.letGo([two], { delayMs: null });
    await store.commands.setGroup("gpu", { pauseOnFailure: true });
    await runner.run(one, failure(1));
    expect(await store.commands.find(last)).toMatchObject({ state: "waiting" });
    await store.commands.restart([one], { held: false });
    await store.queues.resume("gpu");
    const run = await runner.start(one);
    await store.commands.touched([{ ...run, paused: true, signalsSent: ["SIGSTOP"] }]);
    const other = await newRunner(store);
    const [adopted] = await store.commands.adopt(runner.id, other.id);
    await other.settle(adopted!, success);
    expect(await store.commands.force([last])).toEqual(done(last));
    expect(await store.flow.why(last)).toEqual([expect.objectContaining({ why: "workers-full" })]);
    await store.commands.again([one], { held: true });
    expect(await store.commands.list({ groups: ["gpu"] })).toHaveLength(4);
    await store.jobs.cancel([two]);
    const all = (await store.commands.list({ groups: ["gpu"] })).map(({ id }) => id);
    expect(await store.commands.remove(all)).toEqual(done(...all));
    expect(await store.commands.removeGroup("gpu")).toEqual({ outcome: "done" });
  });

  test.each([
    "CREATE TABLE queue_runtime.more (id int)",
    "DROP TABLE queue_runtime.jobs",
    "ALTER TABLE queue_runtime.jobs ADD COLUMN more int",
    "TRUNCATE queue_runtime.jobs",
    "CREATE INDEX ON queue_runtime.jobs (label)",
    "UPDATE queue_runtime.schema_version SET version = 0",
  ])("a worker changes no schema: %s", async (sql) => {
    expect(await refusal("queue_worker", sql)).toMatch(/^denied$|must be owner/);
  });

  test("an enqueuer enqueues in every way, and idle workers hear of it", async () => {
    const listener = new Client({ connectionString: admin });
    await listener.connect();
    onTestFinished(() => listener.end());
    await listener.query("LISTEN queue_runtime");
    const heard = new Promise((resolve) => listener.once("notification", resolve));

    const queue = await openQueue(as("queue_enqueuer"), { migrate: false });
    onTestFinished(() => queue.close());
    expect(await queue.enqueue(secret, { pin: 1 })).toMatchObject({ outcome: "created" });
    expect(await queue.enqueueMany(secret, [{ pin: 2 }, { pin: 3 }])).toHaveLength(2);
    await Promise.race([heard, delay(5_000).then(() => expect.fail("nobody was told"))]);

    const client = new Client({ connectionString: as("queue_enqueuer") });
    await client.connect();
    await client.query("BEGIN");
    await queue.in(client).enqueue(secret, { pin: 4 });
    await client.query("SELECT queue_runtime.enqueue('secret', '{\"pin\": 5}')");
    await client.query("COMMIT");
    await client.end();
    const rows = await execute(admin, "SELECT FROM queue_runtime.jobs WHERE name = 'secret'");
    expect(rows).toHaveLength(5);
  });

  test.each([
    "SELECT args FROM queue_runtime.jobs",
    "SELECT * FROM queue_runtime.all_jobs",
    "SELECT * FROM queue_runtime.ended_jobs",
    "SELECT * FROM queue_runtime.job_errors",
    "SELECT host FROM queue_runtime.processes",
    "SELECT * FROM queue_runtime.job_overview",
    "SELECT variables FROM queue_runtime.environments",
    "SELECT line FROM queue_runtime.commands",
    "INSERT INTO queue_runtime.command_groups VALUES ('mine', 9, false)",
    "SELECT queue_runtime.forget_environments('{1}')",
    "SELECT queue_runtime.force_commands('{1}')",
    "SELECT queue_runtime.keep_environment('a', '{}', true)",
    "UPDATE queue_runtime.jobs SET state = 'running', process_id = 1",
    "DELETE FROM queue_runtime.jobs",
    "INSERT INTO queue_runtime.jobs (id) VALUES (1)",
    "INSERT INTO queue_runtime.paused_queues VALUES ('default', 0)",
    "DELETE FROM queue_runtime.processes",
    "CREATE TABLE queue_runtime.more (id int)",
  ])("an enqueuer reads nothing back and changes nothing: %s", async (sql) => {
    expect(await refusal("queue_enqueuer", sql)).toBe("denied");
  });

  test("an enqueuer cannot leave anything behind that stops the turns of others", async () => {
    const call = (sql: string): Promise<unknown> =>
      execute(as("queue_enqueuer"), sql).catch((error: unknown) => error);
    const gate = '{"kind": "concurrency", "key": "a", "limit": 1, "onConflict": "block", "ms":';
    const wrong = [
      `queue_runtime.open_batch('{"onFinish": {"queue": "x"}}', NULL, '[null, null, null]')`,
      `queue_runtime.open_batch('{"onFinish": [1]}', NULL, '[null, null, null]')`,
      `queue_runtime.enqueue_linked('[{"name": "j", "gates": [${gate} 9e18}]}]', '[null]')`,
    ];
    for (const each of wrong) expect(await call(`SELECT ${each}`)).toBeInstanceOf(Error);
    for (const id of [1, 2, 3]) await call(`SELECT queue_runtime.seal_batch(${id})`);
    const store = await openStore(as("queue_worker"));
    onTestFinished(() => store.close());
    const gates = [
      { kind: "concurrency", key: "a", limit: 1, ms: 9, onConflict: "block" },
    ] as const;
    const [job] = await store.jobs.enqueue([{ name: "one", queue: "roles", gates }]);
    expect(await store.jobs.find(job!.id)).toMatchObject({ state: "ready" });
    await store.flow.limit("one", 2);
    await store.flow.limit("one", null);
    await store.flow.maintain(100);
    await store.jobs.discard([job!.id]);
  });

  test("what an enqueuer may not do is one sentence for a program too", async () => {
    const store = await openStore(as("queue_enqueuer"));
    onTestFinished(() => store.close());
    const refused = await store.jobs.list({}).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StoreError);
    expect(refused).toMatchObject({ code: "denied", message: expect.stringContaining("may not") });
  });

  test("a viewer sees where jobs are, and not what they hold", async () => {
    const queue = await openQueue(as("queue_worker"));
    await queue.enqueue(secret, { pin: 1234 }).finally(() => queue.close());
    const rows = await execute<object>(
      as("queue_viewer"),
      "SELECT * FROM queue_runtime.job_overview WHERE name = 'secret'",
    );
    expect(rows).not.toEqual([]);
    expect(rows[0]).toMatchObject({ name: "secret", queue: "default", run_at: expect.any(Date) });
    expect(JSON.stringify(rows)).not.toContain("1234");
    for (const column of ["args", "result", "error", "cursor"]) {
      expect(rows[0]).not.toHaveProperty(column);
    }
    const tables = ["jobs", "ended_jobs", "all_jobs", "job_errors", "processes", "commands"];
    for (const table of [...tables, "environments", "command_after", "command_groups"]) {
      expect(await refusal("queue_viewer", `SELECT FROM queue_runtime.${table}`)).toBe("denied");
    }
    const enqueue = "SELECT queue_runtime.enqueue('secret')";
    expect(await refusal("queue_viewer", enqueue)).toBe("denied");
  });
});
