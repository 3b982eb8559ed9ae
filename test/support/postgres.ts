// PostgreSQL for tests: `startPostgres` for a server of a test's own, that may be restarted and
// killed; `temporaryPostgres` and `temporaryDatabase` on the one server of the whole run. What
// needs them is described with `describeThatNeedsPostgres` (needs.ts).

import { type OpenOptions, openStore, type Store } from "@queue-runtime/store";
import { copyDatabase, createDatabase, dropDatabase } from "./postgres/databases.ts";
import { sharedPostgres } from "./postgres/desk.ts";
import { ReusedDatabases } from "./postgres/reused.ts";
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

/** Until the end of the run: many files of tests use them. */
let migrated: Promise<string> | null = null;
const reused = new ReusedDatabases(migratedDatabase);

/** A copy of it costs less than half of what the migrations do. */
function migratedDatabase(): Promise<string> {
  migrated ??= (async () => {
    const url = await createDatabase(await sharedPostgres());
    const store = await openStore(url);
    await store.migrate();
    await store.close();
    return url;
  })();
  return migrated;
}

/** Migrated and empty, in a database of its own. */
export async function temporaryPostgres(options: OpenOptions = {}): Promise<TemporaryPostgres> {
  const url = await copyDatabase(await migratedDatabase());
  return await opened({ url, through: url, options, end: dropDatabase });
}

/** The same for tests that change nothing but rows: the database may be used again. */
export async function reusedPostgres(options: OpenOptions = {}): Promise<TemporaryPostgres> {
  const url = await reused.take();
  return await opened({ url, through: url, options, end: (used) => reused.giveBack(used) });
}

interface Opening {
  readonly url: string;
  /** Another address of the same database. */
  readonly through: string;
  readonly options: OpenOptions;
  readonly end: (url: string) => Promise<void>;
}

/** The store in a database that is there; when it is disposed of, connections are closed first. */
export async function opened({ url, through, options, end }: Opening): Promise<TemporaryPostgres> {
  const all = new AsyncDisposableStack();
  all.defer(() => end(url));
  const connect = async (more: OpenOptions = {}): Promise<Store> => {
    const store = await openStore(through, { ...options, ...more });
    all.defer(() => store.close());
    return store;
  };
  try {
    const store = await connect();
    return { store, url: through, connect, [Symbol.asyncDispose]: () => all.disposeAsync() };
  } catch (error) {
    await all.disposeAsync();
    throw error;
  }
}
