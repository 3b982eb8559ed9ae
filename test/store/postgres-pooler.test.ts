// The PostgreSQL store answers alike behind a pooler that hands out a session for one transaction
// only: all parts of the contract but those about what only functions of the server decide.

import { type OpenOptions, openStore } from "@queue-runtime/store";
import { afterAll, beforeAll } from "vitest";
import { describeThatNeeds, describeThatNeedsPostgres } from "../support/needs.ts";
import { leaveDatabase } from "../support/postgres/databases.ts";
import { type Pooler, pgbouncer, startPgbouncer } from "../support/postgres/pgbouncer.ts";
import { ReusedDatabases } from "../support/postgres/reused.ts";
import { opened, type TemporaryDatabase, temporaryDatabase } from "../support/postgres.ts";
import type { OpenedStore } from "./contract/world.ts";
import { conversationContract } from "./contract.ts";

let pooler: Pooler;
/** Migrated through the pooler, and empty. */
let original: TemporaryDatabase;
const databases = new ReusedDatabases(async () => original.url);

async function start(): Promise<void> {
  original = await temporaryDatabase();
  pooler = await startPgbouncer(original.url);
  const store = await openStore(pooler.through(original.url));
  await store.migrate();
  await store.close();
  await leaveDatabase(original.url);
}

async function open(options: OpenOptions = {}): Promise<OpenedStore> {
  const url = await databases.take();
  const end = (used: string) => databases.giveBack(used);
  return await opened({ url, through: pooler.through(url), options, end });
}

describeThatNeedsPostgres("the store on a server", () => {
  describeThatNeeds(pgbouncer)("behind a pooler", () => {
    beforeAll(start);
    afterAll(async () => {
      await pooler?.[Symbol.asyncDispose]();
      await original?.[Symbol.asyncDispose]();
    });
    conversationContract(open);
  });
});
