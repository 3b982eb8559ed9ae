// PostgreSQL for tests: `startPostgres` for a server of a test's own, that may be restarted and
// killed; `temporaryPostgres` and `temporaryDatabase` on the one server of the whole run. What
// needs them is described with `describeThatNeedsPostgres` (needs.ts).

import { type OpenOptions, openStore, type Store } from "@queue-runtime/store";
import { createDatabase, dropDatabase } from "./postgres/databases.ts";
import { sharedPostgres } from "./postgres/desk.ts";
import { type PostgresOptions, PostgresServer } from "./postgres/server.ts";

/** A running server. Dispose of it, or `stop` it. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const server = new PostgresServer(options);
  try {
    await server.createCluster();
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

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

/** Migrated and empty, in a database of its own. */
export async function temporaryPostgres(options: OpenOptions = {}): Promise<TemporaryPostgres> {
  const all = new AsyncDisposableStack();
  const { url } = all.use(await temporaryDatabase());
  const connect = async (more: OpenOptions = {}): Promise<Store> => {
    const store = await openStore(url, { ...options, ...more });
    all.defer(() => store.close());
    return store;
  };
  try {
    const store = await connect();
    await store.migrate();
    return { store, url, connect, [Symbol.asyncDispose]: () => all.disposeAsync() };
  } catch (error) {
    await all.disposeAsync();
    throw error;
  }
}
