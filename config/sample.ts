// Enqueues the sample jobs, unless some are still to be done. `npm start` calls it first.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "@queue-runtime/store";
import { openQueue } from "queue-runtime";
import { loadConfig } from "../packages/runtime/src/config/load.ts";
import { importAirports } from "./jobs/airports.ts";
import { countPrimes } from "./jobs/primes.ts";
import { sendReceipt } from "./jobs/receipts.ts";

const folder = join(import.meta.dirname, "data");

/** The one that queue.yml names, so that the sample moves to PostgreSQL by that one line. */
export const storeUrl: string = (await loadConfig(join(import.meta.dirname, "queue.yml"))).store;

/** Answers how many jobs were enqueued. */
export async function enqueueSample(): Promise<number> {
  mkdirSync(folder, { recursive: true });
  await using queue = await openQueue(storeUrl);
  const receipts = Array.from({ length: 40 }, (_, index) => ({
    order: 1_001 + index,
    total: `${(index * 7.35 + 5).toFixed(2)} EUR`,
  }));
  await queue.enqueue(importAirports, {});
  await queue.enqueueMany(sendReceipt, receipts);
  await queue.enqueueMany(countPrimes, [{ below: 4_000_000 }, { below: 5_000_000 }]);
  return receipts.length + 3;
}

async function isNothingLeft(): Promise<boolean> {
  const store = await openStore(storeUrl);
  try {
    await store.migrate();
    const { ready, running, scheduled } = await store.jobs.count();
    return ready + running + scheduled === 0;
  } finally {
    await store.close();
  }
}

if (import.meta.main) {
  const count = (await isNothingLeft()) ? await enqueueSample() : 0;
  process.stderr.write(
    count > 0
      ? `${count} sample jobs enqueued; stop with Ctrl-C, start again, and they go on\n`
      : "going on with the sample jobs that are still to be done\n",
  );
}
