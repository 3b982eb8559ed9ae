// The store in a SQLite file. This file only puts the parts together.

import { resolve } from "node:path";
import { sqliteCommands } from "./sqlite/commands.ts";
import { diagnose } from "./sqlite/diagnose.ts";
import { Driver, type SqliteSettings } from "./sqlite/driver.ts";
import { sqliteBatches } from "./sqlite/flow/batches.ts";
import { sqliteFlow } from "./sqlite/flow.ts";
import { enqueueIn } from "./sqlite/jobs/enqueue-in.ts";
import { sqliteJobs } from "./sqlite/jobs.ts";
import { migrate, migrationSql, schema } from "./sqlite/migrations.ts";
import { sqliteProcesses } from "./sqlite/processes.ts";
import { sqliteQueues } from "./sqlite/queues.ts";
import { sqliteRecurring } from "./sqlite/recurring.ts";
import { watch } from "./sqlite/watch.ts";
import type { Store } from "./store.ts";

/** `path` is a file or `:memory:`. */
export async function openSqlite(path: string, settings: SqliteSettings): Promise<Store> {
  const driver = await Driver.open(path === ":memory:" ? path : resolve(path), settings);
  return {
    url: `sqlite:${driver.path}`,
    shared: false,
    jobs: sqliteJobs(driver),
    queues: sqliteQueues(driver),
    processes: sqliteProcesses(driver),
    flow: sqliteFlow(driver),
    batches: sqliteBatches(driver),
    recurring: sqliteRecurring(driver),
    commands: sqliteCommands(driver),
    migrate: () => migrate(driver),
    schema: () => schema(driver),
    migrationSql: () => migrationSql(driver),
    in: (transaction) => enqueueIn(driver, transaction),
    watch: (listener, options) => watch(driver, listener, options),
    diagnose: () => diagnose(driver),
    close: () => driver.close(),
  };
}
