// PostgreSQL as it comes, on this disk: `fsync` on, default configuration (but the number of
// connections and where it listens). One server for each measurement, a new database for each run.

import pg from "pg";
import { dropDatabase, execute } from "../../support/postgres/databases.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres/server.ts";

export interface PostgresNeeds {
  /** Statements are counted (pg_stat_statements), which costs a little. */
  readonly statements?: boolean;
}

export class Postgres {
  readonly #server: PostgresServer;
  readonly #statements: boolean;

  private constructor(server: PostgresServer, statements: boolean) {
    this.#server = server;
    this.#statements = statements;
  }

  static async start({ statements = false }: PostgresNeeds = {}): Promise<Postgres> {
    const settings = statements ? { shared_preload_libraries: "pg_stat_statements" } : {};
    const server = await startPostgres({ fsync: true, settings });
    return new Postgres(server, statements);
  }

  /** A new empty database. */
  async database(): Promise<string> {
    const url = await this.#server.createDatabase();
    if (this.#statements) await execute(url, "CREATE EXTENSION pg_stat_statements");
    return url;
  }

  async version(): Promise<string> {
    const rows = await execute<{ server_version: string }>(this.url, "SHOW server_version");
    return rows[0]!.server_version;
  }

  get url(): string {
    return this.#server.url();
  }

  drop(url: string): Promise<void> {
    return dropDatabase(url);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

/**
 * What was written before is on the disk and known to the planner, so that nobody pays for it while
 * the clock runs.
 */
export async function settle(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("VACUUM ANALYZE");
  await client.query("CHECKPOINT");
  await client.end();
}
