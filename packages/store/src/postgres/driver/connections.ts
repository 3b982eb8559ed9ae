// A few connections to one server, lent out one piece of work at a time. Who has to wait does so
// here and not in the pool of `pg`: that one is left as soon as a connection of it breaks, and
// nobody in its line would be served any more.

import type pg from "pg";
import { StoreError } from "../../errors.ts";
import { type Account, connectionFor } from "./account.ts";
import { Connection } from "./connection.ts";
import { failure } from "./failure.ts";
import { Permits } from "./permits.ts";

/** Connections per process: one for the heart, one for turns, one for whatever else. */
const most = 3;
const connectMs = 3_000;
const idleMs = 60_000;

export class Connections {
  readonly #pg: typeof pg;
  readonly #account: Account;
  readonly #permits = new Permits(most);
  #pool: pg.Pool;
  #closed = false;

  constructor(module: typeof pg, account: Account) {
    this.#pg = module;
    this.#account = account;
    this.#pool = this.#newPool();
  }

  /** Lends a connection; one that broke is not lent again. @throws StoreError */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (!(await this.#permits.take(connectMs))) throw this.#allLent();
    try {
      const pool = this.#pool;
      const connection = await this.#connect(pool);
      try {
        return await work(connection);
      } finally {
        connection.giveBack();
        if (connection.isBroken) this.#leave(pool);
      }
    } finally {
      this.#permits.give();
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

  async #connect(pool: pg.Pool): Promise<Connection> {
    try {
      return new Connection(await pool.connect());
    } catch (error) {
      throw failure(error, this.#account);
    }
  }

  #allLent(): StoreError {
    const what = `none of the ${most} connections to ${this.#account.shown} became free`;
    const message = `${what} within ${connectMs / 1_000} s: see \`runtime doctor\``;
    return new StoreError("unreachable", message);
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
    // it may break with the welcome of the server, before it is in the hands of whoever asked
    pool.on("connect", (client) => void client.on("error", ignore));
    return pool;
  }

  /**
   * Where one connection broke, the others hang on the same link or server, and each would have to
   * run out of its time to be found out.
   */
  #leave(pool: pg.Pool): void {
    if (pool !== this.#pool || this.#closed) return;
    this.#pool = this.#newPool();
    // an idle connection is handed over at the end of the tick in which it is asked for
    process.nextTick(() => void pool.end());
  }
}

function ignore(): void {}
