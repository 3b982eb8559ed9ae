// The store in a PostgreSQL database. This file only puts the parts together.

import { postgresCommands } from "./postgres/commands.ts";
import { diagnose } from "./postgres/diagnose.ts";
import { Driver, type PostgresSettings } from "./postgres/driver.ts";
import { postgresBatches } from "./postgres/flow/batches.ts";
import { postgresFlow } from "./postgres/flow.ts";
import { enqueueIn } from "./postgres/jobs/enqueue-in.ts";
import { postgresJobs } from "./postgres/jobs.ts";
import { migrate, migrationSql, schema } from "./postgres/migrations.ts";
import { postgresProcesses } from "./postgres/processes.ts";
import { postgresQueues } from "./postgres/queues.ts";
import { postgresRecurring } from "./postgres/recurring.ts";
import { Announcer } from "./postgres/watch/announce.ts";
import { watch } from "./postgres/watch.ts";
import type { Store } from "./store.ts";

export async function openPostgres(url: string, settings: PostgresSettings): Promise<Store> {
  const driver = await Driver.open(url, settings);
  const announcer = new Announcer(driver);
  return {
    url: driver.url,
    shared: true,
    jobs: postgresJobs(driver, announcer),
    queues: postgresQueues(driver, announcer),
    processes: postgresProcesses(driver, announcer),
    flow: postgresFlow(driver, announcer),
    batches: postgresBatches(driver, announcer),
    recurring: postgresRecurring(driver, announcer),
    commands: postgresCommands(driver, announcer),
    migrate: () => migrate(driver),
    schema: () => schema(driver),
    migrationSql: () => migrationSql(driver),
    in: (transaction) => enqueueIn(driver, announcer, transaction),
    watch: (listener, options) => watch(driver, announcer, listener, options),
    diagnose: () => diagnose(driver),
    close: () => driver.close(),
  };
}
