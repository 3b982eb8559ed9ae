// What somebody tries who may enqueue and wants more: to run code as the owner of the store, or as
// a worker. The roles are those of config/postgres/roles.sql.

import { readFileSync } from "node:fs";
import { openStore, type Store } from "@queue-runtime/store";
import { Client } from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { execute } from "../support/postgres/databases.ts";
import type { PostgresServer } from "../support/postgres/server.ts";
import { startPostgres } from "../support/postgres.ts";
import { failure, newRunner, someCommand } from "./contract/commands/words.ts";

const roles = readFileSync("config/postgres/roles.sql", "utf8");
const command = `[{"name": "job", "kind": "command"}]`;
const insert = `INSERT INTO queue_runtime.jobs
  (name, kind, queue, state, priority, run_at, created_at)
  VALUES ('job', 'command', 'default', 'ready', 0, 0, 0)`;

/** Where the server would have to convert a number first, these fit as they are. */
const traps = [
  ["numeric", "integer"],
  ["bigint", "numeric"],
].map(([left, right]) => {
  const operator = (name: string): string => `CREATE OPERATOR public.${name}
    (FUNCTION = public.trap, LEFTARG = ${left}, RIGHTARG = ${right});`;
  return `CREATE FUNCTION public.trap(${left}, ${right}) RETURNS numeric
    LANGUAGE sql AS 'SELECT 666.0'; ${operator("*")} ${operator("/")}`;
});

describeThatNeedsPostgres("who may only enqueue", () => {
  let server: PostgresServer;
  let admin: string;

  beforeAll(async () => {
    server = await startPostgres();
    admin = await server.createDatabase();
    await execute(admin, roles);
    await execute(admin, "GRANT CREATE ON SCHEMA public TO queue_enqueuer");
    for (const sql of traps) await execute(as("queue_enqueuer"), sql);
    const owner = await openStore(as("queue_owner"));
    await owner.migrate();
    await owner.close();
    await execute(admin, roles);
  });

  afterAll(() => server?.stop());

  function as(role: string): string {
    return admin.replace("postgres@", `${role}@`);
  }

  async function connect(role: string): Promise<Client> {
    const client = new Client({ connectionString: as(role) });
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  }

  async function open(role: string): Promise<Store> {
    const store = await openStore(as(role));
    onTestFinished(() => store.close());
    return store;
  }

  async function commands(): Promise<number> {
    return (await execute(admin, "SELECT FROM queue_runtime.jobs WHERE kind = 'command'")).length;
  }

  test.each(["timestamptz", "text", "json", "int8", "float8", "numeric", "bool"])(
    "gains nothing by a temporary type that is called %s",
    async (type) => {
      const client = await connect("queue_enqueuer");
      await client.query(`CREATE FUNCTION pg_temp.gain(pg_catalog.${type}) RETURNS pg_catalog.bool
      LANGUAGE plpgsql AS $$ BEGIN
        IF current_user <> session_user THEN RAISE EXCEPTION 'I am %', current_user; END IF;
        RETURN true;
      END $$`);
      await client.query(`CREATE DOMAIN pg_temp.${type} AS pg_catalog.${type}
      CHECK (pg_temp.gain(VALUE))`);
      await client.query(`SELECT queue_runtime.enqueue('job', '1', priority => 1, label => 'x',
      delay => '1 hour')`);
      await client.query(`SELECT * FROM queue_runtime.enqueue_many(
      '[{"name": "job", "held": true, "inMs": 1, "priority": 1}]', '[1]')`);
    },
  );

  test("gains nothing by an operator or function beside the server's own", async () => {
    const client = await connect("queue_owner");
    // the trap works: it is what anybody reads here who does not say which operator he means
    const { rows } = await client.query("SELECT 1::numeric * 2::integer AS product");
    expect(rows).toEqual([{ product: "666.0" }]);
    const now =
      "SELECT queue_runtime.now_ms()::float8 AS now, extract(epoch FROM now())::float8 AS s";
    const [read] = (await client.query(now)).rows as [{ now: number; s: number }];
    expect(Math.abs(read.now - read.s * 1_000)).toBeLessThan(60_000);
    await client.query("SELECT queue_runtime.enqueue('job')");
    const overview = await client.query(
      "SELECT FROM queue_runtime.job_overview WHERE run_at < now() - interval '1 hour'",
    );
    expect(overview.rows).toEqual([]);
  });

  test.each([
    `SELECT * FROM queue_runtime.enqueue_many('${command}')`,
    `SELECT * FROM queue_runtime.enqueue_any('${command}')`,
    insert,
  ])("enqueues no command for a shell: %s", async (sql) => {
    await expect(execute(as("queue_enqueuer"), sql)).rejects.toThrow(
      "a job of kind command needs a role that may UPDATE queue_runtime.jobs",
    );
    expect(await commands()).toBe(0);
  });

  test("enqueues none by a program of ours either, and hears why", async () => {
    const store = await open("queue_enqueuer");
    const jobs = [{ name: "job", kind: "command", command: someCommand() } as const];
    const why = { code: "invalid", message: expect.stringContaining("a job of kind command") };
    await expect(store.jobs.enqueue(jobs)).rejects.toMatchObject(why);
    const client = await connect("queue_enqueuer");
    await client.query("BEGIN");
    await expect(store.in(client).enqueue(jobs)).rejects.toMatchObject(why);
    await client.query("ROLLBACK");
    expect(await commands()).toBe(0);
  });

  test("enqueues none in the session of a superuser who looks after its tables", async () => {
    const client = await connect("queue_enqueuer");
    const bait = (
      how: string,
      what: string,
    ): string => `CREATE OR REPLACE FUNCTION public.bait(n int)
      RETURNS int LANGUAGE plpgsql ${how} AS $$ BEGIN ${what} RETURN n; END $$`;
    const attempt = (sql: string): string => `BEGIN ${sql}; EXCEPTION WHEN raise_exception
      OR invalid_parameter_value THEN NULL; END;`;
    await client.query(bait("IMMUTABLE", ""));
    await client.query("CREATE TABLE public.bait AS SELECT n FROM generate_series(1, 3) AS n");
    await client.query("CREATE INDEX ON public.bait (public.bait(n))");
    await client.query(
      bait(
        "VOLATILE",
        attempt(`PERFORM queue_runtime.enqueue_many('[{"name": "bait"}]')`) +
          attempt(`PERFORM queue_runtime.enqueue_many('${command}')`) +
          attempt(`PERFORM queue_runtime.enqueue_any('${command}')`) +
          attempt(insert),
      ),
    );
    await execute(admin, "ANALYZE public.bait");
    await client.query("DROP TABLE public.bait");
    const swallowed = "SELECT FROM queue_runtime.jobs WHERE name = 'bait'";
    expect(await execute(admin, swallowed)).not.toEqual([]);
    expect(await commands()).toBe(0);
  });

  test("is told which rights its transaction lacks for a command", async () => {
    await execute(admin, "CREATE ROLE caller LOGIN");
    await execute(admin, "GRANT USAGE ON SCHEMA queue_runtime TO caller");
    await execute(admin, "GRANT EXECUTE ON FUNCTION queue_runtime.enqueue_many TO caller");
    const store = await open("queue_worker");
    const client = await connect("caller");
    await client.query("BEGIN");
    const job = { name: "job", kind: "command", command: someCommand() } as const;
    await expect(store.in(client).enqueue([job])).rejects.toThrow(
      "SELECT, INSERT and UPDATE on the table queue_runtime.jobs and those of commands",
    );
  });

  test("whereas a worker, who could make a command of any job, enqueues them", async () => {
    const store = await open("queue_worker");
    const client = await connect("queue_worker");
    const job = { name: "command", kind: "command", command: someCommand() } as const;
    const [first] = await store.jobs.enqueue([job]);
    await client.query("BEGIN");
    await store.in(client).enqueue([job, { name: "code" }]);
    await client.query(`SELECT * FROM queue_runtime.enqueue_any('${command}')`);
    await client.query(insert);
    await client.query("COMMIT");
    expect(await commands()).toBe(4);
    const runner = await newRunner(store);
    await runner.run(first!.id, failure(1));
    expect(await store.jobs.retry([first!.id], { fromStart: true })).toMatchObject([
      { outcome: "retried" },
    ]);
    await expect(
      client.query(`SELECT * FROM queue_runtime.enqueue_many('${command}')`),
    ).rejects.toThrow("and enqueue_any() or INSERT");
  });

  test("rows of commands that came past every program are nobody's to run", async () => {
    const store = await open("queue_worker");
    const [{ id } = { id: 0 }] = await execute<{ id: number }>(admin, `${insert} RETURNING id`);
    expect(await store.commands.find(Number(id))).toBeNull();
    const queued = await store.commands.queued([{ name: "default", limit: 1_000 }]);
    expect(queued.map((each) => each.id)).not.toContain(Number(id));
    expect(await store.commands.force([Number(id)])).toMatchObject([{ outcome: "unknown" }]);
    expect(await store.jobs.discard([Number(id)])).toMatchObject([{ outcome: "discarded" }]);
  });
});
