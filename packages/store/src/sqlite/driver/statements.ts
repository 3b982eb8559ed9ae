// The prepared statements of one connection: the same text gives the same one.

import type { DatabaseSync, StatementSync } from "node:sqlite";

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
    this.#prepared.set(text, statement);
    return statement;
  }
}
