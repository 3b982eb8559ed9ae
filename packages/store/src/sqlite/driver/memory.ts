// What was read, for as long as nobody changes anything: to count 100,000 rows takes milliseconds,
// to see that no transaction ended meanwhile takes microseconds.

import type { SQLInputValue } from "node:sqlite";
import type { Statements } from "./statements.ts";

export class Memory {
  readonly #tuples: Statements;
  readonly #known = new Map<string, readonly unknown[]>();
  #stamp = "";

  constructor(tuples: Statements) {
    this.#tuples = tuples;
  }

  /** Rows as arrays. */
  recall(text: string, ...values: readonly SQLInputValue[]): readonly unknown[] {
    // before the rows: a change that comes while they are read is then seen the next time
    const now = this.#now();
    if (now !== this.#stamp) this.#known.clear();
    this.#stamp = now;
    const key = [text, ...values].join();
    const known = this.#known.get(key);
    if (known) return known;
    const rows = this.#tuples.get(text).all(...values);
    this.#known.set(key, rows);
    return rows;
  }

  /** One number changes with what other connections commit, one with what this one does. */
  #now(): string {
    const stamps = ["PRAGMA data_version", "SELECT total_changes()"];
    return stamps.map((text) => String(this.#tuples.get(text).get())).join();
  }
}
