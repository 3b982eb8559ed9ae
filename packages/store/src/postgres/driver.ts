// The only file that talks to `pg`: a small pool of connections, named prepared statements and
// transactions. It knows nothing of jobs.
//
// Every statement has a time limit of its own, because a connection over a broken link answers
// nothing at all for minutes; one that ran out of it is thrown away with whatever it may still say.
// A transaction is sent in one flight (BEGIN, statements, COMMIT, without waiting for answers
// between them), so that it costs one round trip however many statements it has. Connections are
// never in a state that a pooler could mix up: nothing is set for the session but by start-up
// parameters, and behind a pooler nothing is prepared.

import type pg from "pg";
import { StoreError } from "../errors.ts";
import { type Account, beginOf, findAccount } from "./driver/account.ts";
import type { Connection } from "./driver/connection.ts";
import { Connections } from "./driver/connections.ts";
import { failure, isWorthARepeat } from "./driver/failure.ts";
import { loadPg } from "./driver/load-pg.ts";
import { Memory, type Recalled } from "./driver/memory.ts";

export interface PostgresSettings {
  readonly durability: "full" | "normal";
  /** For the server's list of connections. */
  readonly name: string;
}

/** A statement and its values, for `together`. */
export type Statement = readonly [text: string, values?: readonly unknown[]];

export interface WriteOptions {
  /** It may be lost in a crash of the server: nothing that anybody relies on. */
  readonly lazy?: boolean;
  /** It may have much to do. */
  readonly long?: boolean;
}

/** For this transaction only, so that it holds behind a pooler too. */
const hurry: Statement = ["SELECT set_config('synchronous_commit', 'off', true)"];

export interface Answer {
  /** Rows as arrays. */
  readonly rows: readonly unknown[];
  /** How many rows were written or read. */
  readonly count: number;
}

/** What the statements of an interactive transaction run on; without values, as a script. */
export type Run = (text: string, values?: readonly unknown[]) => Promise<Answer>;

/** Milliseconds for an everyday statement; a broken link is noticed after so long. */
const patienceMs = 5_000;
/** And for one that may have much to do. */
const longPatienceMs = 60_000;
const connectMs = 3_000;
/** How often a transaction is tried again that lost against another. */
const repeats = 5;

export class Driver {
  /** Without a password. */
  readonly url: string;
  readonly account: Account;
  readonly durability: PostgresSettings["durability"];
  readonly #connections: Connections;
  readonly #memory = new Memory((text, long) => this.query(text, [], long));
  readonly #names = new Map<string, string>();
  readonly #texts = new Map<string, string>();
  readonly #closing: (() => void | Promise<void>)[] = [];
  #busy = 0;
  #closed = false;
  #idle: (() => void) | null = null;

  private constructor(module: typeof pg, account: Account, settings: PostgresSettings) {
    this.url = account.shown;
    this.account = account;
    this.durability = settings.durability;
    this.#connections = new Connections(module, account);
  }

  /** Connects once, so that what is wrong with the URL or the server is said at once. */
  static async open(url: string, settings: PostgresSettings): Promise<Driver> {
    const module = await loadPg();
    const account = await findAccount(module, url, { name: settings.name, connectMs });
    return new Driver(module, account, settings);
  }

  /** One statement in a transaction of its own. */
  query(text: string, values: readonly unknown[] = [], long = false): Promise<Answer> {
    if (this.account.pooled) {
      const flight = this.#run((connection) => this.#flight(connection, [[text, values]], long));
      return flight.then(([answer]) => answer as Answer);
    }
    return this.#run((connection) => this.#ask(connection, { text, values, long }));
  }

  /** Of a shape that is hardly ever asked for twice: nothing of it is kept. It may take long. */
  once(text: string, values: readonly unknown[]): Promise<Answer> {
    if (this.account.pooled) return this.query(text, values, true);
    return this.#run((connection) =>
      this.#ask(connection, { text, values, long: true, once: true }),
    );
  }

  /** A statement without values; it is not asked again while the database is as it was. */
  recall(text: string): Promise<Recalled> {
    return this.#memory.recall(text);
  }

  /** The one value of a one-row query. */
  async value(text: string, values: readonly unknown[] = []): Promise<unknown> {
    const { rows } = await this.query(text, values);
    return (rows[0] as unknown[] | undefined)?.[0];
  }

  /** All statements in one transaction and one round trip; none needs an answer of another. */
  together(statements: readonly Statement[], long = false): Promise<readonly Answer[]> {
    const [only] = statements;
    if (only && statements.length === 1)
      return this.query(only[0], only[1], long).then((answer) => [answer]);
    return this.#run((connection) => this.#flight(connection, statements, long));
  }

  /** Writes, and `after` follows on its heels: nobody waits for that, or hears how it went. */
  writeAndThen(statement: Statement, after: Statement, long = false): Promise<Answer> {
    const send = async (connection: Connection, [text, values = []]: Statement): Promise<Answer> =>
      this.account.pooled
        ? (await this.#flight(connection, [[text, values]], long))[0]!
        : this.#ask(connection, { text, values, long });
    return new Promise((resolve, reject) => {
      const whole = this.#run(async (connection) => {
        const written = send(connection, statement);
        written.then(resolve, ignore);
        await send(connection, after).catch(ignore);
        await written;
      });
      whole.catch(reject);
    });
  }

  /**
   * Like `together`, for what is to be written. It is as durable as the server makes it, unless it
   * is lazy and this driver was opened for `normal` durability.
   */
  write(statements: readonly Statement[], how: WriteOptions = {}): Promise<readonly Answer[]> {
    const { lazy = false, long = false } = how;
    if (!lazy || this.durability === "full") return this.together(statements, long);
    return this.together([hurry, ...statements], long).then(([, ...answers]) => answers);
  }

  /** For a transaction whose statements depend on each other's answers. May run several times. */
  transaction<T>(work: (run: Run) => Promise<T>, long = false): Promise<T> {
    return this.#run(async (connection) => {
      try {
        await this.#ask(connection, { text: beginOf(this.account) });
        const answer = await work((text, values) =>
          this.#ask(connection, { text, ...(values && { values }), long }),
        );
        await this.#ask(connection, { text: "COMMIT", long });
        return answer;
      } catch (error) {
        // where nothing is heard any more, the server ends it by itself
        if (!connection.isBroken) await this.#ask(connection, { text: "ROLLBACK" }).catch(ignore);
        throw error;
      }
    });
  }

  /** SQL as it is sent: with the schema of this store. */
  inSchema(text: string): string {
    const { schema } = this.account;
    if (schema === "queue_runtime") return text;
    const known = this.#texts.get(text);
    if (known) return known;
    const moved = this.#moved(text);
    this.#texts.set(text, moved);
    return moved;
  }

  #moved(text: string): string {
    return text.replaceAll(/\bqueue_runtime\b/g, this.account.schema);
  }

  /** A connection outside the pool, for what belongs to a session; the caller ends it. */
  async connect(): Promise<pg.Client> {
    this.#checkOpen();
    return this.#connections.single(patienceMs);
  }

  /** Called, and waited for, when the driver closes. */
  onClose(listener: () => void | Promise<void>): void {
    this.#closing.push(listener);
  }

  /** Waits for what was begun; whatever comes later is refused. */
  async close(): Promise<void> {
    if (this.#closed) return;
    for (const listener of this.#closing) await listener();
    this.#closed = true;
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await this.#connections.close();
  }

  async #flight(
    connection: Connection,
    statements: readonly Statement[],
    long: boolean,
  ): Promise<readonly Answer[]> {
    // its time begins for each of them now, also for those that wait for others before them
    const flight = [
      this.#ask(connection, { text: beginOf(this.account), long }),
      ...statements.map(([text, values = []]) => this.#ask(connection, { text, values, long })),
      this.#ask(connection, { text: "COMMIT", long }),
    ];
    return (await allLanded(flight)).slice(1, -1);
  }

  async #run<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    this.#checkOpen();
    this.#busy += 1;
    try {
      for (let tries = 1; ; tries += 1) {
        try {
          return await this.#connections.use(work);
        } catch (error) {
          if (tries > repeats || !isWorthARepeat(error)) throw failure(error, this.account, true);
        }
      }
    } finally {
      this.#busy -= 1;
      if (this.#busy === 0) this.#idle?.();
    }
  }

  async #ask(connection: Connection, asked: Asking): Promise<Answer> {
    const { text, values, long = false, once = false } = asked;
    const isNamed = values && !once && !this.account.pooled;
    const prepared = isNamed ? { name: this.#nameOf(text) } : {};
    const { rows, rowCount } = await connection.query({
      text: once ? this.#moved(text) : this.inSchema(text),
      ...prepared,
      ...(values && { values: values as unknown[] }),
      rowMode: "array",
      query_timeout: long ? longPatienceMs : patienceMs,
    } as Timed);
    return { rows, count: rowCount ?? 0 };
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known) return known;
    const name = `queue_runtime_${this.#names.size + 1}`;
    this.#names.set(text, name);
    return name;
  }

  #checkOpen(): void {
    if (!this.#closed) return;
    const what = `the store ${this.url} was closed`;
    throw new StoreError("unreachable", `${what}: open it again to use it`);
  }
}

interface Asking {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly long?: boolean;
  /** It gets no name. */
  readonly once?: boolean;
}

/** What `pg` takes, and its types do not know yet. */
type Timed = pg.QueryArrayConfig & { readonly query_timeout: number };

/** The first failure is the reason; what follows it only says that the transaction is over. */
async function allLanded(flight: readonly Promise<Answer>[]): Promise<readonly Answer[]> {
  const landed = await Promise.allSettled(flight);
  for (const each of landed) if (each.status === "rejected") throw each.reason;
  return landed.map((each) => (each as PromiseFulfilledResult<Answer>).value);
}

function ignore(): void {}
