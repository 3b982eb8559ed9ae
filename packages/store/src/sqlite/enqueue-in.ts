// Enqueueing inside a transaction of the application, on its own connection: the jobs live and die
// with what it writes beside them. Nothing here begins, commits or retries.

import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../errors.ts";
import type { Enqueued, NewJob } from "../job.ts";
import { prepareJob } from "../rules/new-job.ts";
import { failure } from "./driver/failure.ts";
import { applicationId } from "./driver/inspect.ts";
import { Statements } from "./driver/statements.ts";
import type { Driver } from "./driver.ts";
import { insertAll } from "./jobs/insert.ts";

/** @throws StoreError `invalid` */
export function enqueueIn(
  driver: Driver,
  transaction: unknown,
): { enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> } {
  if (!(transaction instanceof DatabaseSync))
    throw invalid("it must be a DatabaseSync of node:sqlite with an open transaction");
  checkTransaction(transaction);
  return {
    // Synchronous up to its answer: the caller may commit before it awaits.
    async enqueue(jobs) {
      checkTransaction(transaction);
      const rows = jobs.map(prepareJob);
      checkTables(driver, transaction);
      try {
        const statements = statementsOf(transaction);
        return insertAll((text) => statements.get(text), rows, driver.now());
      } catch (error) {
        throw failure(error, driver.path);
      }
    },
  };
}

function checkTransaction(database: DatabaseSync): void {
  if (database.isOpen && database.isTransaction) return;
  throw invalid("no transaction is open on it: begin one first");
}

function checkTables(driver: Driver, database: DatabaseSync): void {
  const id = statementsOf(database).get("PRAGMA application_id").get()?.application_id;
  const location = database.location() ?? ":memory:";
  if (id === applicationId && location === driver.location) return;
  throw invalid(`it is open on ${location}, and this store is ${driver.path}`);
}

/** The caller's connections, and what was prepared on them. */
const prepared = new WeakMap<DatabaseSync, Statements>();

function statementsOf(database: DatabaseSync): Statements {
  const known = prepared.get(database);
  if (known) return known;
  const statements = new Statements(database, { arrays: false });
  prepared.set(database, statements);
  return statements;
}

function invalid(what: string): StoreError {
  return new StoreError("invalid", `jobs cannot be enqueued in this transaction: ${what}`);
}
