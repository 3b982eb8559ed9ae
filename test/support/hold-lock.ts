// A program that holds the write lock of a SQLite file for some milliseconds, then ends: to others
// the store is frozen meanwhile. Prints a line once it has the lock.

import { DatabaseSync } from "node:sqlite";

const [path, ms] = process.argv.slice(2) as [string, string];
const database = new DatabaseSync(path, { timeout: 5_000 });
database.exec("BEGIN IMMEDIATE");
process.stdout.write("held\n");
setTimeout(() => {
  database.exec("ROLLBACK");
  database.close();
}, Number(ms));
