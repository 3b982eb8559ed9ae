// Databases on a server, by its URL.

import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { waitFor } from "../wait-for.ts";

/** Names what this run of the tests makes, here and in the processes that come of it. */
export function nameRun(): void {
  process.env[runVariable] = randomBytes(4).toString("hex");
}

const runVariable = "RUNTIME_TEST_RUN";
const runName = (): string => process.env[runVariable] ?? "alone";

/** The URL of the same server for another database, or with another query. */
export function databaseUrl(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

/** With the name of the run, if there is one: what is left of it is dropped in the end. */
export function uniqueName(): string {
  return `test_${runName()}_${randomBytes(6).toString("hex")}`;
}

/** Less than half of what it takes to write every page to the log, as it would by default. */
const quickly = "strategy file_copy";

/** Creates an empty database; answers its URL. */
export async function createDatabase(url: string, name: string = uniqueName()): Promise<string> {
  await execute(url, `create database "${name}" ${quickly}`);
  return databaseUrl(url, name);
}

/** Creates a database like another one of the server, which nobody is connected to. */
export async function copyDatabase(url: string): Promise<string> {
  const name = uniqueName();
  const from = new URL(url).pathname.slice(1);
  await execute(
    databaseUrl(url, "postgres"),
    `create database "${name}" template "${from}" ${quickly}`,
  );
  return databaseUrl(url, name);
}

/** Ends its connections, also those that a pooler keeps for later. */
export async function leaveDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await using server = await connect(databaseUrl(url, "postgres"));
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`;
  const left = async () => (await server.query(end)).rows.length === 0;
  await waitFor(left, { what: `nobody to be connected to ${name}`, everyMs: 1 });
}

/**
 * Ends its connections and drops it. The server would see to the connections, too, but looks only
 * every 100 ms whether they have ended.
 */
export async function dropDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await leaveDatabase(url);
  await execute(databaseUrl(url, "postgres"), `drop database if exists "${name}" with (force)`);
}

/** Drops all that this run has made on a server and not dropped itself. */
export async function dropLeftovers(url: string): Promise<void> {
  const made = `SELECT datname AS name FROM pg_database WHERE datname LIKE 'test_${runName()}_%'`;
  for (const { name } of await execute<{ name: string }>(url, made))
    await dropDatabase(databaseUrl(url, name));
}

/** Runs one statement on a connection of its own; answers its rows. */
export async function execute<Row extends object>(url: string, sql: string): Promise<Row[]> {
  await using client = await connect(url);
  return (await client.query<Row>(sql)).rows;
}

async function connect(url: string): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
