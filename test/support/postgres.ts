// PostgreSQL for tests: `startPostgres` for a server of a test's own, that may be restarted and
// killed; `temporaryPostgres` and `temporaryDatabase` on the one server of the whole run. What
// needs them is described with `describeThatNeedsPostgres` (needs.ts).

import { type OpenOptions, openStore, type Store } from "@queue-runtime/store";
import { afterAll } from "vitest";
import { copyDatabase, createDatabase, dropDatabase } from "./postgres/databases.ts";
import { sharedPostgres } from "./postgres/desk.ts";
import { PostgresServer, startPostgres } from "./postgres/server.ts";

export { startPostgres };

/** A server that follows another one and answers reads, until `SELECT pg_promote()`. */
export async function startStandby(primary: PostgresServer): Promise<PostgresServer> {
  const server = new PostgresServer();
  try {
    await server.follow(primary);
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

export interface TemporaryDatabase extends AsyncDisposable {
  readonly url: string;
}

/** Empty; gone, with all connections to it, when it is disposed of. */
export async function temporaryDatabase(): Promise<TemporaryDatabase> {
  const url = await createDatabase(await sharedPostgres());
  return { url, [Symbol.asyncDispose]: () => dropDatabase(url) };
}

export interface TemporaryPostgres extends TemporaryDatabase {
  readonly store: Store;
  /** One more connection to the same database; closed with the others. */
  connect(options?: OpenOptions): Promise<Store>;
}

let migrated: Promise<string> | null = null;

afterAll(async () => {
  if (migrated) await dropDatabase(await migrated);
});

/** A copy of it costs less than half of what the migrations do. */
async function migratedDatabase(): Promise<string> {
  const url = await createDatabase(await sharedPostgres());
  const store = await openStore(url);
  await store.migrate();
  await store.close();
  return url;
}

/** Migrated and empty, in a database of its own. */
export async function temporaryPostgres(options: OpenOptions = {}): Promise<TemporaryPostgres> {
  const all = new AsyncDisposableStack();
  migrated ??= migratedDatabase();
  const url = await copyDatabase(await migrated);
  all.defer(() => dropDatabase(url));
  const connect = async (more: OpenOptions = {}): Promise<Store> => {
    const store = await openStore(url, { ...options, ...more });
    all.defer(() => store.close());
    return store;
  };
  try {
    const store = await connect();
    return { store, url, connect, [Symbol.asyncDispose]: () => all.disposeAsync() };
  } catch (error) {
    await all.disposeAsync();
    throw error;
  }
}
