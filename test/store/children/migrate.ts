// Opens and migrates a store at the moment it is told to, and sends the answer.

import { type Migration, openStore } from "@queue-runtime/store";

process.once("message", async () => {
  const store = await openStore(process.argv[2]!);
  const migration: Migration = await store.migrate();
  await store.close();
  process.send!(migration, () => process.disconnect());
});
process.send!("ready");
