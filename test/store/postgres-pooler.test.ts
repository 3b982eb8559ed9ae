// The PostgreSQL store answers alike behind a pooler that hands out a session for one transaction
// only: all parts of the contract but those about what only functions of the server decide.

import { type OpenOptions, openStore, type Store } from "@queue-runtime/store";
import { describeThatNeeds, describeThatNeedsPostgres } from "../support/needs.ts";
import { pgbouncer, startPgbouncer } from "../support/postgres/pgbouncer.ts";
import { temporaryDatabase } from "../support/postgres.ts";
import type { OpenedStore } from "./contract/world.ts";
import { conversationContract } from "./contract.ts";

async function open(options: OpenOptions = {}): Promise<OpenedStore> {
  const database = await temporaryDatabase();
  const pooler = await startPgbouncer(database.url);
  const url = pooler.through(database.url);
  const opened: Store[] = [];
  const connect = async (more: OpenOptions = {}): Promise<Store> => {
    const store = await openStore(url, { ...options, ...more });
    opened.push(store);
    return store;
  };
  const store = await connect();
  await store.migrate();
  return {
    store,
    url,
    connect,
    async [Symbol.asyncDispose]() {
      for (const one of opened) await one.close();
      await pooler[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

describeThatNeedsPostgres("the store on a server", () => {
  describeThatNeeds(pgbouncer)("behind a pooler", () => {
    conversationContract(open);
  });
});
