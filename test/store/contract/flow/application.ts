// An application's own connection, on which it has a transaction open.

import { DatabaseSync } from "node:sqlite";
import pg from "pg";

export interface Application extends AsyncDisposable {
  /** For `Store.in`. */
  readonly transaction: unknown;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

export async function beginIn(url: string): Promise<Application> {
  if (url.startsWith("sqlite:")) return beginInFile(url.slice("sqlite:".length));
  const client = new pg.Client(url);
  await client.connect();
  await client.query("BEGIN");
  return {
    transaction: client,
    commit: async () => void (await client.query("COMMIT")),
    rollback: async () => void (await client.query("ROLLBACK")),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

function beginInFile(path: string): Application {
  const database = new DatabaseSync(path);
  database.exec("BEGIN IMMEDIATE");
  return {
    transaction: database,
    commit: async () => database.exec("COMMIT"),
    rollback: async () => database.exec("ROLLBACK"),
    [Symbol.asyncDispose]: async () => database.close(),
  };
}
