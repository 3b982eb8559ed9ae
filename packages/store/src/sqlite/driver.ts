// The only file that talks to `node:sqlite`: one connection, its prepared statements and its
// transactions. It knows nothing of jobs.
//
// Everything between BEGIN and COMMIT is synchronous, so that a transaction is as short as its SQL
// and no await can stretch it. When another connection holds the file, SQLite would sleep with our
// event loop (seconds, unfairly: see patience.ts); so its busy handler is off and we come back
// later ourselves. Statements always run to their end: a half-read one would hold a snapshot and
// keep the write-ahead log from being reused.

import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { Clock } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { failure } from "./driver/failure.ts";
import { identityOf, inspect } from "./driver/inspect.ts";
import { Memory } from "./driver/memory.ts";
import { patiently } from "./driver/patience.ts";
import { Statements } from "./driver/statements.ts";
import { ownCheckpoints, restartLog } from "./driver/write-ahead-log.ts";

export interface SqliteSettings {
  readonly durability: "full" | "normal";
  readonly clock: Clock;
  readonly busyTimeoutMs: number;
}

export type Durability = SqliteSettings["durability"];

export class Driver {
  /** Absolute, or `:memory:`. */
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #settings: SqliteSettings;
  readonly #identity: string | null;
  readonly #rows: Statements;
  readonly #tuples: Statements;
  readonly #memory: Memory;
  readonly #closing: (() => void)[] = [];
  #durability: Durability | null = null;
  #busy = 0;
  #closed = false;
  #broken: StoreError | null = null;
  #idle: (() => void) | null = null;

  private constructor(path: string, database: DatabaseSync, settings: SqliteSettings) {
    this.path = path;
    this.#database = database;
    this.#settings = settings;
    this.#identity = identityOf(path);
    this.#rows = new Statements(database, { arrays: false });
    this.#tuples = new Statements(database, { arrays: true });
    this.#memory = new Memory(this.#tuples);
    // SQLite's own `lower` knows ASCII only.
    database.function("lower_case", { deterministic: true }, lowerCase);
  }

  /** Opens a file that is empty, missing, or one of ours; anything else is left untouched. */
  static async open(path: string, settings: SqliteSettings): Promise<Driver> {
    const open = (): DatabaseSync => {
      inspect(path);
      const database = new DatabaseSync(path, { timeout: 0 });
      try {
        if (path !== ":memory:") database.exec("PRAGMA journal_mode = WAL");
        database.exec(ownCheckpoints);
        return database;
      } catch (error) {
        database.close();
        throw error;
      }
    };
    try {
      return new Driver(path, await patiently(open, settings.busyTimeoutMs), settings);
    } catch (error) {
      throw failure(error, path);
    }
  }

  /** What SQLite calls the file, with symbolic links resolved; `:memory:` for a store in memory. */
  get location(): string {
    return this.#database.location() ?? ":memory:";
  }

  /**
   * A file that was deleted under a connection goes on to work, unseen by everybody else.
   * @throws StoreError `unreachable`
   */
  checkPlace(): void {
    if (identityOf(this.path) === this.#identity) return;
    const what = `the file of the store ${this.path} was deleted or replaced while it was open`;
    throw new StoreError("unreachable", `${what}: restart the runtime to use what is there now`);
  }

  now(): number {
    return this.#settings.clock.now();
  }

  /**
   * A prepared statement. A bare `LIMIT ?` is compiled anew each time a value is bound to it, for 4
   * us: where every microsecond shows, it is `LIMIT 0 + ?`, which is not.
   */
  sql(text: string): StatementSync {
    return this.#rows.get(text);
  }

  /** Like `sql`, but rows come as arrays: for the paths where every microsecond shows. */
  tuples(text: string): StatementSync {
    return this.#tuples.get(text);
  }

  /** The one value of a one-row query. */
  value(text: string, ...values: SQLInputValue[]): unknown {
    const row = this.tuples(text).get(...values) as unknown as unknown[] | undefined;
    return row?.[0];
  }

  /**
   * Rows as arrays; they are not read again while the store is as it was. Not within a transaction
   * that writes: what it takes back would stay in memory.
   */
  recall(text: string, ...values: readonly SQLInputValue[]): readonly unknown[] {
    return this.#memory.recall(text, ...values);
  }

  /** Several statements without values or answer. */
  script(text: string): void {
    this.#database.exec(text);
  }

  /** Runs `work`, which must be synchronous and repeatable, in one transaction that may write. */
  write<T>(work: () => T, durability: Durability = this.#settings.durability): Promise<T> {
    return this.#run(() => this.#transaction(work, durability));
  }

  /** Runs `work`, which must be synchronous and only read. */
  read<T>(work: () => T): Promise<T> {
    return this.#run(work);
  }

  /** Like `read`, for several statements: one snapshot, and one lock instead of one for each. */
  readTogether<T>(work: () => T): Promise<T> {
    return this.#run(() => {
      this.sql("BEGIN").run();
      try {
        return work();
      } finally {
        this.sql("COMMIT").run();
      }
    });
  }

  /** Called when the driver closes, for those who use it from a timer. */
  onClose(listener: () => void): void {
    this.#closing.push(listener);
  }

  /** Waits for what was begun; whatever comes later is refused. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#closing) listener();
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#database.close();
  }

  async #run<T>(work: () => T): Promise<T> {
    if (this.#closed) throw closed(this.path);
    if (this.#broken) throw this.#broken;
    this.#busy += 1;
    try {
      return await patiently(work, this.#settings.busyTimeoutMs);
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#busy -= 1;
      if (this.#busy === 0) this.#idle?.();
    }
  }

  #transaction<T>(work: () => T, durability: Durability): T {
    if (this.#durability !== durability) {
      this.#database.exec(`PRAGMA synchronous = ${durability}`);
      this.#durability = durability;
    }
    this.sql("BEGIN IMMEDIATE").run();
    try {
      const answer = work();
      this.sql("COMMIT").run();
      restartLog(this.#tuples);
      return answer;
    } catch (error) {
      if (this.#database.isTransaction) this.sql("ROLLBACK").run();
      throw error;
    }
  }

  #failed(error: unknown): unknown {
    const mapped = failure(error, this.path);
    if (mapped instanceof StoreError && mapped.code === "corrupt") this.#broken = mapped;
    return mapped;
  }
}

function lowerCase(text: unknown): string | null {
  return typeof text === "string" ? text.toLowerCase() : null;
}

function closed(path: string): StoreError {
  return new StoreError("unreachable", `the store ${path} was closed: open it again to use it`);
}
