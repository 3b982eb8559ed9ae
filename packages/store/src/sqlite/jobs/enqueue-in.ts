// Enqueueing inside a transaction of the application, on its own connection: the jobs live and die
// with what it writes beside them. Nothing here begins, commits or retries.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StoreError } from "../../errors.ts";
import type { Enqueued, NewJob } from "../../job.ts";
import { prepareJob } from "../../rules/new-job.ts";
import type { Connection } from "../driver/connection.ts";
import { failure } from "../driver/failure.ts";
import { applicationId } from "../driver/inspect.ts";
import { Statements } from "../driver/statements.ts";
import type { Driver } from "../driver.ts";
import { enqueueAll } from "./enqueue.ts";

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
        return allOrNone(transaction, (connection) => enqueueAll(connection, rows), driver);
      } catch (error) {
        throw failure(error, driver.path);
      }
    },
  };
}

/** The caller may go on with his transaction after an error, and then finds nothing half done. */
function allOrNone<T>(
  database: DatabaseSync,
  work: (connection: Connection) => T,
  driver: Driver,
): T {
  const statements = statementsOf(database);
  const sql = (text: string): StatementSync => statements.get(text);
  sql("SAVEPOINT queue_runtime").run();
  try {
    const answer = work({ sql, now: () => driver.now() });
    sql("RELEASE queue_runtime").run();
    return answer;
  } catch (error) {
    if (database.isTransaction) {
      sql("ROLLBACK TO queue_runtime").run();
      sql("RELEASE queue_runtime").run();
    }
    throw error;
  }
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
