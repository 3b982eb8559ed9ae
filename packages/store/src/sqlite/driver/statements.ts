// The prepared statements of one connection: the same text gives the same one.

import type { DatabaseSync, StatementSync } from "node:sqlite";

/** The program has a few hundred; queries that people put together could be of any number. */
const most = 1_000;

export class Statements {
  readonly #database: DatabaseSync;
  readonly #arrays: boolean;
  readonly #prepared = new Map<string, StatementSync>();

  /** `arrays`: rows come as arrays, not as objects by column name. */
  constructor(database: DatabaseSync, options: { readonly arrays: boolean }) {
    this.#database = database;
    this.#arrays = options.arrays;
  }

  get(text: string): StatementSync {
    const known = this.#prepared.get(text);
    if (known) return known;
    const statement = this.#database.prepare(text);
    statement.setReturnArrays(this.#arrays);
    if (this.#prepared.size >= most) this.#forgetOldest();
    this.#prepared.set(text, statement);
    return statement;
  }

  /** One that is still needed is prepared again. */
  #forgetOldest(): void {
    const [oldest] = this.#prepared.keys();
    if (oldest !== undefined) this.#prepared.delete(oldest);
  }
}
