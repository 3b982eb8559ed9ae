// A PostgreSQL server as the store: which URLs queue.yml takes, which it refuses, and that nobody
// ever reads the password again.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of queue.yml

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkConfiguration } from "../../packages/runtime/src/config/check.ts";
import { type LoadOptions, loadConfig } from "../../packages/runtime/src/config/load.ts";
import { shownStore } from "../../packages/runtime/src/config/shown-store.ts";
import { complaints, load, temporaryFolder } from "../runtime/support/config-file.ts";

test.each([
  "postgres://me:secret@db.example.org:5432/queue",
  "postgresql://db/queue",
  "postgres://me@db/queue?schema=jobs_2&sslmode=verify-full",
  "postgres://me:p%40ss%2Fword%3F%23%25@db/queue",
  "postgres://[::1]:5433/queue",
  "postgres:///queue?host=/run/postgresql&user=me&port=5433",
  "postgres://me:secret@%2Frun%2Fpostgresql/queue",
  "postgres://db/queue?sslmode=no-verify&sslrootcert=/etc/ca.pem&application_name=shop",
])("%s is a store", async (url) => {
  expect(await load(`store: "${url}"`)).toMatchObject({ store: url });
});

test("a user without a host gets one, so that the URL is one to everybody", async () => {
  const { store } = await load('store: "postgres://me:secret@/queue?host=/run/postgresql"');
  expect(store).toBe("postgres://me:secret@localhost/queue?host=/run/postgresql");
});

const encode = "in a password, @ is written %40, / %2F, ? %3F, # %23 and % %25";

test.each<[url: string, complaint: string]>([
  ["postgres:queue", "after postgres: comes // and a host"],
  ["postgres:/queue", "after postgres: comes // and a host"],
  ["postgres:///queue", "the host is missing"],
  ["postgres://me:secret@/queue", "the host is missing"],
  ["postgres://me:secret@db", "the name of the database is missing"],
  ["postgres://me:secret@db/", "the name of the database is missing"],
  ["postgres://db/queue/jobs", "the name of the database has a / in it"],
  ["postgres://one,two/queue", "it names several hosts, and pg connects to one"],
  ["postgres://one:1,two:2/queue", `it cannot be read (${encode})`],
  ["postgres://db:0/queue", "there is no port 0"],
  ["postgres://db:65536/queue", `it cannot be read (${encode})`],
  ["postgres://me:se cret@db/queue", "it has a space in it, which is written %20"],
  ["postgres://me:sec#ret@db/queue", `it cannot be read (${encode})`],
  ["postgres://me:sec/ret@db/queue", `it cannot be read (${encode})`],
  ["postgres://me:12?ret@db/queue", `it cannot be read (${encode})`],
  ["postgres://me:sec%ret@db/queue", `it cannot be read (${encode})`],
  ["postgres://me:sec%ffret@db/queue", `it cannot be read (${encode})`],
  [
    "postgres://db/queue?schema=Jobs",
    "its parameter schema is not a name of at most 63 lower-case letters, digits and _, which does not begin with pg_",
  ],
  ["postgres://db/queue?schema=pg_jobs", "its parameter schema is not a name"],
  ["postgres://db/queue?schema=", "its parameter schema is not a name"],
  [`postgres://db/queue?schema=${"s".repeat(64)}`, "its parameter schema is not a name"],
  ["postgres://db/queue?schema=a&schema=b", "its parameter schema is there twice"],
  [
    "postgres://db/queue?sslmod=require",
    'it has a parameter that is not known (did you mean "sslmode"?)',
  ],
  [
    "postgres://db/queue?connection_limit=5",
    "it has a parameter that is not known (the choices are schema, host, port,",
  ],
  ["postgres://db/queue?sslmode=allow", "its parameter sslmode is not one of disable, prefer,"],
  [
    "postgres://db/queue?sslrootcert=ca.pem",
    "its parameter sslrootcert is not the absolute path of a file",
  ],
  ["postgres:///queue?host=", "the host is missing"],
  ["postgres://db/queue?port=x", "its parameter port is not a port"],
])("%s is refused", async (url, complaint) => {
  const lines = await complaints(`store: "${url}"`);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(`queue.yml:1: store: ${complaint}`);
  expect(lines[0]).toMatch(/; write postgres:\/\/user:password@host:5432\/database$/);
});

test.each([
  "postgres://me:secret@one,two/db",
  "postgres://me:sec:ret@host:x/db",
  "postgres://me:12?secret=1@host/db",
  "postgres://me:secret@host/db?sekret=secret",
  "postgres://me:secret@host/db?password=secret&schema=Secret",
  " postgres://me:secret@host/db",
  "postgres://me:secret\\u202E@host/db",
  `postgres://me:secret@host/${"d".repeat(5_000)}`,
  "Postgres://me:secret@host/db",
  "mysql://me:secret@host/db",
  "me:secret@host/db",
  "${DATABASE_URL-postgres://me:secret@host/db}",
  "${DATABASE_URL:postgres://me:secret@host/db",
])("no complaint about %j repeats a part of it", async (url) => {
  const lines = await complaints(`store: "${url}"`);
  expect(lines).toHaveLength(1);
  expect(lines.join()).not.toMatch(/secret/i);
});

test.each([
  "store: a\n]postgres://me:secret@host/db",
  "store: |postgres://me:secret@host/db",
  'store: "postgres://me:secret@host/db',
  "- a\nstore: postgres://me:secret@host/db",
])("nor does one about YAML that is broken around it: %j", async (yaml) => {
  const lines = await complaints(yaml);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.join()).not.toContain("secret");
});

test.each([
  ["sqlite:/data/queue.sqlite", "sqlite:/data/queue.sqlite"],
  ["postgres://me:secret@db:5432/queue", "postgres://me@db:5432/queue"],
  ["postgresql://:secret@db/queue", "postgresql://db/queue"],
  ["postgres://me:a:b@c@db/queue", "postgres://me@db/queue"],
  [
    "postgres:///queue?host=/run/postgresql&password=secret&schema=jobs&sslkey=/k",
    "postgres:///queue?host=/run/postgresql&schema=jobs",
  ],
])("what is shown of %s has no password", (url, shown) => {
  expect(shownStore(url)).toBe(shown);
});

test("check shows the store without its password", async () => {
  const folder = temporaryFolder({ "queue.yml": "store: postgres://me:secret@db/queue" });
  const { problems, summary } = await checkConfiguration(join(folder, "queue.yml"), { env: {} });
  expect(problems).toEqual([]);
  expect(summary[0]).toBe("store: postgres://me@db/queue");
  expect(summary.join()).not.toContain("secret");
});

test("one variable, one line or one flag moves the sample to PostgreSQL", async () => {
  const url = "postgres://me:secret@db/queue";
  const sample = readFileSync("config/queue.yml", "utf8");
  const line = /^store: .*$/m;
  expect(sample).toMatch(line);
  const folder = temporaryFolder({
    "queue.yml": sample,
    "line.yml": sample.replace(line, `store: ${url}`),
    "jobs/one.ts": "",
  });
  const at = (file: string, options: LoadOptions = {}) =>
    loadConfig(join(folder, file), { env: {}, ...options });
  const sqlite = await at("queue.yml");
  expect(sqlite.store).toBe(`sqlite:${folder}/data/queue.sqlite`);
  expect(await at("queue.yml", { env: { DATABASE_URL: "" } })).toEqual(sqlite);
  const postgres = await at("queue.yml", { env: { DATABASE_URL: url } });
  const output = join(folder, "data/output-db-queue");
  expect(postgres).toEqual({ ...sqlite, store: url, commands: { ...sqlite.commands, output } });
  expect(await at("line.yml")).toEqual({ ...postgres, file: join(folder, "line.yml") });
  expect(await at("queue.yml", { flags: { store: url } })).toEqual(postgres);
});

test("the socket of a host is in data beside its configuration when the store is a server", async () => {
  const folder = temporaryFolder({
    "queue.yml": "store: postgres://db/queue",
    "named.yml": "store: postgres://db/queue\ncontrol: { socket: ./run/here.sock }",
  });
  const { control } = await loadConfig(join(folder, "queue.yml"), { env: {} });
  expect(control.socket).toBe(join(folder, "data/runtime.sock"));
  const named = await loadConfig(join(folder, "named.yml"), { env: {} });
  expect(named.control.socket).toBe(join(folder, "run/here.sock"));
});
