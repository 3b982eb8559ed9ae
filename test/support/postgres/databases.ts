// Databases on a server, by its URL.

import { randomBytes } from "node:crypto";
import { Client } from "pg";

/** The URL of the same server for another database, or with another query. */
export function databaseUrl(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

export function uniqueName(): string {
  return `test_${randomBytes(8).toString("hex")}`;
}

/** Creates an empty database; answers its URL. */
export async function createDatabase(url: string, name: string = uniqueName()): Promise<string> {
  await execute(url, `create database "${name}"`);
  return databaseUrl(url, name);
}

/** Creates a database like another one of the server, which nobody is connected to. */
export async function copyDatabase(url: string): Promise<string> {
  const name = uniqueName();
  const from = new URL(url).pathname.slice(1);
  await execute(databaseUrl(url, "postgres"), `create database "${name}" template "${from}"`);
  return databaseUrl(url, name);
}

/** Ends its connections and drops it. */
export async function dropDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await execute(databaseUrl(url, "postgres"), `drop database if exists "${name}" with (force)`);
}

/** Runs one statement on a connection of its own; answers its rows. */
export async function execute<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
