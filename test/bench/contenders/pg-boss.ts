// pg-boss. Source: its documentation of `work`, `createQueue` and the constructor (pgboss.io/api).
//
// `default`: `work` with nothing but a localConcurrency of 20: each of the 20 fetches one job every
// two seconds.
// `tuned`: batches of 250 in four loops that fetch on while batches come back full
// (burstWhenBatchFull), the queue in a table of its own (`partition`), workers woken by NOTIFY
// (useListenNotify and `notify`), and the shortest polling interval allowed as its backstop.

import { PgBoss, type WorkOptions } from "pg-boss";
import type { Payload } from "../harness/payload.ts";
import { atOnce, type Contender, type ContenderOptions, queueName } from "./contender.ts";
import { pool } from "./pool.ts";

const work: Record<string, WorkOptions> = {
  default: { localConcurrency: atOnce },
  tuned: {
    batchSize: 250,
    localConcurrency: 4,
    burstWhenBatchFull: true,
    pollingIntervalSeconds: 0.5,
    notifyPollingIntervalSeconds: 0.5,
  },
};

const queue: Record<string, object> = {
  default: {},
  tuned: { partition: true, notify: true },
};

const left = "SELECT FROM pgboss.job WHERE state IN ('created', 'retry', 'active')";

export async function open({ url, variant }: ContenderOptions): Promise<Contender> {
  const boss = new PgBoss({ connectionString: url, useListenNotify: variant === "tuned" });
  boss.on("error", (error) => process.stderr.write(`pg-boss: ${error.message}\n`));
  const query = pool(url);
  let started: Promise<unknown> | null = null;
  const start = () => {
    started ??= boss.start();
    return started;
  };
  return {
    async migrate() {
      await start();
      await boss.createQueue(queueName, queue[variant]);
    },
    async enqueue(input) {
      await start();
      return await boss.send(queueName, input);
    },
    async enqueueMany(inputs) {
      await start();
      return await boss.insert(
        queueName,
        inputs.map((data) => ({ data })),
      );
    },
    async work(perform) {
      await start();
      await boss.work<Payload>(queueName, work[variant]!, async (jobs) => {
        for (const { data } of jobs) perform(data);
      });
    },
    isEmpty: () => query.yes(`SELECT NOT EXISTS (${left}) AS yes`),
    async close() {
      if (started) await boss.stop({ graceful: false });
      await query.close();
    },
  };
}
