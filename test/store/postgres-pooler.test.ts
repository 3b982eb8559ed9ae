// The PostgreSQL store answers alike behind a pooler that hands out a session for one transaction
// only: all parts of the contract but those about what only functions of the server decide.

import { type OpenOptions, openStore, type Store } from "@queue-runtime/store";
import { afterAll, beforeAll } from "vitest";
import { describeThatNeeds, describeThatNeedsPostgres } from "../support/needs.ts";
import { copyDatabase, dropDatabase, leaveDatabase } from "../support/postgres/databases.ts";
import { type Pooler, pgbouncer, startPgbouncer } from "../support/postgres/pgbouncer.ts";
import { type TemporaryDatabase, temporaryDatabase } from "../support/postgres.ts";
import type { OpenedStore } from "./contract/world.ts";
import { conversationContract } from "./contract.ts";

let pooler: Pooler;
/** Migrated through the pooler, and empty. */
let original: TemporaryDatabase;

async function start(): Promise<void> {
  original = await temporaryDatabase();
  pooler = await startPgbouncer(original.url);
  const store = await openStore(pooler.through(original.url));
  await store.migrate();
  await store.close();
  await leaveDatabase(original.url);
}

async function open(options: OpenOptions = {}): Promise<OpenedStore> {
  const database = await copyDatabase(original.url);
  const url = pooler.through(database);
  const opened: Store[] = [];
  const connect = async (more: OpenOptions = {}): Promise<Store> => {
    const store = await openStore(url, { ...options, ...more });
    opened.push(store);
    return store;
  };
  return {
    store: await connect(),
    url,
    connect,
    async [Symbol.asyncDispose]() {
      for (const one of opened) await one.close();
      await dropDatabase(database);
    },
  };
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
