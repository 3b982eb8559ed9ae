// The built command line on a PostgreSQL store: what it says when the server, the password, the
// database or a right is missing, and what it shows of one that is there.

import { chmodSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { openStore } from "@queue-runtime/store";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { CliProject, type Ran } from "../support/cli-project.ts";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { within } from "../support/pace.ts";
import { createDatabase, execute } from "../support/postgres/databases.ts";
import type { PostgresServer } from "../support/postgres/server.ts";
import { startPostgres } from "../support/postgres.ts";
import { temporaryFolder } from "../support/temporary-store.ts";

const password = "hunter2";

function newProject(): CliProject {
  const project = new CliProject();
  onTestFinished(() => project[Symbol.dispose]());
  return project;
}

/** One command on a store; whatever it says, the password is not in it. */
async function run(url: string, ...argv: readonly string[]): Promise<Ran> {
  const ran = await newProject().run(...argv, "--store", url);
  expect(ran.stdout + ran.stderr).not.toContain(password);
  return ran;
}

async function json<Answer>(url: string, ...argv: readonly string[]): Promise<Answer> {
  const { code, stdout, stderr } = await run(url, ...argv, "--json");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout) as Answer;
}

/** A port of ours on which nobody answers what it is asked, or nobody listens at all. */
async function deadEnd(listens: boolean): Promise<string> {
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  if (listens) onTestFinished(() => void server.close());
  else await new Promise((resolve) => server.close(resolve));
  return `postgres://me:${password}@127.0.0.1:${port}/queue`;
}

test.each([["status"], ["jobs"], ["migrate"], ["enqueue", "mail", '{"to":"you"}']])(
  "nobody listens: %s ends with 69 and one sentence, at once",
  async (...argv) => {
    const url = await deadEnd(false);
    const began = performance.now();
    const { code, stderr } = await run(url, ...argv);
    const sentence = `runtime: ${url.replace(`:${password}`, "")} cannot be reached: `;
    expect([code, lastLine(stderr)]).toEqual([69, expect.stringContaining(sentence)]);
    expect(performance.now() - began).toBeLessThan(within(3_000));
  },
);

test("nobody listens: start waits for it, and ends with 69 and one sentence", async () => {
  const { code, stderr } = await run(await deadEnd(false), "start");
  expect([code, lastLine(stderr)]).toEqual([69, expect.stringContaining("cannot be reached: ")]);
}, 90_000);

test("a server that takes the connection and says nothing: the wait has an end", async () => {
  const url = await deadEnd(true);
  const status = await run(url, "status");
  expect([status.code, status.stderr]).toEqual([69, expect.stringContaining("cannot be reached")]);
  const doctor = await run(url, "doctor");
  expect([doctor.code, doctor.stdout]).toEqual([1, expect.stringMatching(/^error +store /m)]);
});

test("without pg the sentence says how to install it", async () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder[Symbol.dispose]());
  const hook = join(folder.path, "no-pg.mjs");
  writeFileSync(hook, withoutPg);
  const project = newProject();
  const options = process.env.NODE_OPTIONS;
  process.env.NODE_OPTIONS = `--import=${hook}`;
  const ran = project.run("status", "--store", await deadEnd(false));
  process.env.NODE_OPTIONS = options ?? "";
  const { code, stderr } = await ran;
  expect(stderr).toBe("runtime: a PostgreSQL store needs the package pg: run `npm install pg`\n");
  expect(code).toBe(78);
});

const withoutPg = `
import { registerHooks } from "node:module";
registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== "pg") return next(specifier, context);
    throw Object.assign(new Error("Cannot find package 'pg'"), { code: "ERR_MODULE_NOT_FOUND" });
  },
});
`;

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

describeThatNeedsPostgres("on a server", () => {
  let server: PostgresServer;
  const folder = temporaryFolder();

  beforeAll(async () => {
    // the server runs as somebody else when root runs the tests
    chmodSync(folder.path, 0o755);
    const rules = join(folder.path, "pg_hba.conf");
    writeFileSync(rules, "host all postgres all trust\nhost all all all scram-sha-256\n");
    server = await startPostgres({ settings: { hba_file: rules } });
    await execute(server.url(), `CREATE ROLE me LOGIN PASSWORD '${password}'`);
  });

  afterAll(async () => {
    await server?.stop();
    folder[Symbol.dispose]();
  });

  /** As a role that may do nothing in it, or as its owner. */
  async function database(owner: "me" | "postgres" = "me", secret = password): Promise<string> {
    const url = new URL(await createDatabase(server.url()));
    const name = url.pathname.slice(1);
    await execute(server.url(), `ALTER DATABASE ${name} OWNER TO ${owner}`);
    return `postgres://me:${secret}@127.0.0.1:${server.port}/${name}`;
  }

  test.each([["status"], ["jobs"], ["job", "1"], ["retry", "1"], ["queue", "list"], ["processes"]])(
    "an empty database is no store for %s, which ends with 69 and makes nothing",
    async (...argv) => {
      const url = await database();
      const { code, stderr } = await run(url, ...argv);
      expect(stderr).toMatch(
        /^runtime: no store at postgres:\/\/me@\S+; `runtime start` or `runtime migrate`/,
      );
      expect(code).toBe(69);
      expect(await execute(url, "SELECT FROM pg_namespace WHERE nspname ~ '^queue'")).toEqual([]);
    },
  );

  test("a wrong password, a missing database and a missing right are one sentence each", async () => {
    const wrong = await run(await database("me", "hunter3"), "status");
    expect(wrong).toMatchObject({ code: 69, stderr: expect.stringMatching(/password.*\n$/) });
    const url = await database();
    const gone = await run(url.replace(/[^/]+$/, "nowhere"), "status");
    expect(gone).toMatchObject({
      code: 69,
      stderr: expect.stringMatching(/no such database.*\n$/),
    });
    const foreign = await database("postgres");
    for (const command of ["migrate", "start"]) {
      const denied = await run(foreign, command);
      expect([command, denied.code]).toEqual([command, 78]);
      expect(lastLine(denied.stderr)).toMatch(/^runtime: .*permission denied for database/);
    }
  });

  test("a database that only answers reads ends migrate with 69", async () => {
    const url = await database();
    const name = new URL(url).pathname.slice(1);
    const sql = `ALTER DATABASE ${name} SET default_transaction_read_only = on`;
    await execute(server.url(), sql);
    expect(await run(url, "migrate")).toMatchObject({ code: 69 });
  });

  test("migrate --print shows the SQL and changes nothing; run by hand it is the migration", async () => {
    const url = await database();
    const printed = await run(url, "migrate", "--print");
    expect([printed.code, printed.stderr]).toEqual([0, ""]);
    const shown = await json<{ sql: string; from: number; to: number }>(url, "migrate", "--print");
    expect(shown).toEqual({ sql: printed.stdout.slice(0, -1), from: 0, to: expect.any(Number) });
    expect((await run(url, "status")).code).toBe(69);

    await execute(url, printed.stdout);
    expect(await json(url, "status")).toMatchObject({ running: false });
    const again = await run(url, "migrate", "--print");
    expect(again).toEqual({
      code: 0,
      stdout: "",
      stderr: `nothing is missing: the schema is version ${shown.to}\n`,
    });
    expect(await json(url, "migrate")).toEqual({ from: shown.to, to: shown.to });
  });

  test("a schema of a newer program is refused with 78", async () => {
    const url = await database();
    await run(url, "migrate");
    await execute(url, "INSERT INTO queue_runtime.schema_version (version) VALUES (99)");
    for (const command of ["status", "migrate", "start"]) {
      const { code, stderr } = await run(url, command);
      expect([code, lastLine(stderr)]).toEqual([78, expect.stringContaining("has schema 99")]);
    }
  });

  test("commands on data, in a schema of its own", async () => {
    const url = `${await database()}?schema=jobs_2`;
    expect((await run(url, "enqueue", "mail", '{"to":"you"}')).stdout).toBe("1\n");
    expect(await json(url, "jobs")).toMatchObject([{ id: 1, name: "mail", state: "ready" }]);
    expect(await json(url, "cancel", "1")).toEqual([{ id: 1, outcome: "cancelled" }]);
    expect(await json(url, "queue", "pause", "letters")).toMatchObject({ paused: true });
    expect(await execute(url, "SELECT FROM jobs_2.ended_jobs")).toHaveLength(1);
  });

  test("the host of a process is a field, and a column once there are several", async () => {
    const url = await database();
    await run(url, "migrate");
    const store = await openStore(url);
    const row = { kind: "worker", supervisorId: null, queues: ["*"], bootId: "b" } as const;
    try {
      await store.processes.register({ ...row, name: "w1", host: "one", pid: 7, startTicks: 1 });
      expect((await run(url, "processes")).stdout).not.toContain("HOST");
      await store.processes.register({ ...row, name: "w2", host: "two", pid: 7, startTicks: 1 });
    } finally {
      await store.close();
    }
    for (const command of ["processes", "status"]) {
      const { stdout } = await run(url, command);
      expect(stdout).toMatch(/PID +HOST +STATE/);
      expect(stdout).toMatch(/w1 +7 +one .*\n.*w2 +7 +two /);
    }
    expect(await json(url, "processes")).toMatchObject([{ host: "one" }, { host: "two" }]);
    const { processes } = await json<{ processes: object[] }>(url, "status");
    expect(processes).toMatchObject([{ host: "one" }, { host: "two" }]);
  });

  test("doctor reports on the server, and what to do about an empty one", async () => {
    const url = await database();
    const empty = await run(url, "doctor");
    expect(empty.stdout).toMatch(/^warning +schema .*run `runtime migrate`$/m);
    await run(url, "migrate");
    const facts = await json<{ check: string; status: string; detail: string }[]>(url, "doctor");
    expect(facts.filter(({ status }) => status === "error")).toEqual([]);
    expect(facts.map(({ check }) => check)).toEqual(expect.arrayContaining(["store", "schema"]));
    const { detail } = facts.find(({ check }) => check === "store")!;
    expect(detail).toBe(url.replace(`:${password}`, ""));
  });
});
