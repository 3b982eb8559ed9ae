// Fills a store until it is refused, and prints what it was told:
// {"enqueued":n,"code":…,"message":…}.

import { openStore, StoreError } from "@queue-runtime/store";

let enqueued = 0;
try {
  const store = await openStore(process.argv[2]!);
  await store.migrate();
  for (; enqueued < 100_000; enqueued += 1)
    await store.jobs.enqueue([{ name: "job", args: "x".repeat(20_000) }]);
  throw new Error("nothing stopped it");
} catch (error) {
  const { code, message } = error as StoreError;
  const isOurs = error instanceof StoreError;
  process.stdout.write(JSON.stringify({ enqueued, code: isOurs ? code : null, message }));
}
