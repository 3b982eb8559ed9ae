// A few connections to one server, lent out one piece of work at a time.

import type pg from "pg";
import { type Account, connectionFor } from "./account.ts";
import { failure, isWorthARepeat } from "./failure.ts";

/** Connections per process: one for the heart, one for turns, one for whatever else. */
const most = 3;
const connectMs = 3_000;
const idleMs = 60_000;

export class Connections {
  readonly #pg: typeof pg;
  readonly #account: Account;
  #pool: pg.Pool;
  #closed = false;

  constructor(module: typeof pg, account: Account) {
    this.#pg = module;
    this.#account = account;
    this.#pool = this.#newPool();
  }

  /** Lends a connection; one that broke is not lent again. */
  async use<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const pool = this.#pool;
    const client = await pool.connect().catch((error) => {
      throw failure(error, this.#account);
    });
    // between two statements of ours as well, a broken connection must not end the process
    client.on("error", ignore);
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      broken = !isWorthARepeat(error) && !isRefusal(error);
      throw error;
    } finally {
      client.off("error", ignore);
      client.release(broken);
      if (broken) this.#leave(pool);
    }
  }

  /** A connection of the caller's own, who ends it. @throws StoreError */
  async single(queryMs: number): Promise<pg.Client> {
    const client = new this.#pg.Client({
      ...connectionFor(this.#pg, this.#account),
      connectionTimeoutMillis: connectMs,
      query_timeout: queryMs,
      keepAlive: true,
    });
    client.on("error", ignore);
    try {
      await client.connect();
      return client;
    } catch (error) {
      throw failure(error, this.#account);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.end();
  }

  #newPool(): pg.Pool {
    const pool = new this.#pg.Pool({
      ...connectionFor(this.#pg, this.#account),
      pipeline: true,
      max: most,
      // kept, so that a worker that wakes after an hour does not connect first
      min: 1,
      idleTimeoutMillis: idleMs,
      connectionTimeoutMillis: connectMs,
      allowExitOnIdle: true,
    });
    // one that breaks while nobody uses it is replaced when somebody does
    pool.on("error", ignore);
    return pool;
  }

  /**
   * Where one connection broke, the others hang on the same link or server, and each would have to
   * run out of its time to be found out.
   */
  #leave(pool: pg.Pool): void {
    if (pool !== this.#pool || this.#closed) return;
    this.#pool = this.#newPool();
    void pool.end();
  }
}

/**
 * The server answered, and said no: the connection is as good as before. But one to a server that
 * turned into a standby (25006) is of no more use.
 */
function isRefusal(error: unknown): boolean {
  const { severity, code } = error as { severity?: unknown; code?: unknown };
  return severity === "ERROR" && code !== "25006";
}

function ignore(): void {}
