// pg-boss. Source: its documentation of `work`, `createQueue` and the constructor (pgboss.io/api).
//
// `default`: `work` with nothing but a localConcurrency of 20: each of the 20 fetches one job every
// two seconds.
// `tuned`: batches of 250 in four loops that fetch on while batches come back full
// (burstWhenBatchFull), the queue in a table of its own (`partition`), workers woken by NOTIFY
// (useListenNotify and `notify`), and the shortest polling interval allowed as its backstop.
//
// Disciplines: the policy `singleton` with a singletonKey, one for all (`chain`) or one for each key
// (`keys`): at most one job of a key is active; `exclusive` (`unique`): at most one queued or active.
// A chain is fetched one by one, which burstWhenBatchFull excludes: burstWhenReadyExceeds takes its
// place, with the shortest intervals for the figures it looks at. It limits no rates of runs.

import { type ConstructorOptions, PgBoss, type SendOptions, type WorkOptions } from "pg-boss";
import type { Payload } from "../harness/payload.ts";
import {
  atOnce,
  type Contender,
  type ContenderOptions,
  type Discipline,
  keyCount,
  queueName,
} from "./contender.ts";
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

/** In addition, or instead. */
const chained: WorkOptions = { batchSize: 1, localConcurrency: 1, burstWhenReadyExceeds: 1 };
const watched: ConstructorOptions = {
  superviseIntervalSeconds: 1,
  monitorIntervalSeconds: 1,
  queueCacheIntervalSeconds: 1,
};

const policies: Readonly<Record<Discipline, "singleton" | "exclusive" | "standard">> = {
  chain: "singleton",
  keys: "singleton",
  unique: "exclusive",
  rate: "standard",
};

const left = "SELECT FROM pgboss.job WHERE state IN ('created', 'retry', 'active')";

export async function open({ url, variant, discipline }: ContenderOptions): Promise<Contender> {
  const boss = new PgBoss({
    connectionString: url,
    useListenNotify: variant === "tuned",
    ...(discipline === "chain" && watched),
  });
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
      const policy = discipline && { policy: policies[discipline] };
      await boss.createQueue(queueName, { ...queue[variant], ...policy });
    },
    async enqueue(input) {
      await start();
      return await boss.send(queueName, input, specOf(input, discipline));
    },
    async enqueueMany(inputs) {
      await start();
      return await boss.insert(
        queueName,
        inputs.map((data) => ({ data, ...specOf(data, discipline) })),
      );
    },
    async work(perform) {
      await start();
      const options = { ...work[variant], ...(discipline === "chain" && chained) };
      await boss.work<Payload>(queueName, options, async (jobs) => {
        for (const { data } of jobs) {
          const more = perform(data);
          if (more) await more;
        }
      });
    },
    isEmpty: () => query.yes(`SELECT NOT EXISTS (${left}) AS yes`),
    async close() {
      if (started) await boss.stop({ graceful: false });
      await query.close();
    },
  };
}

function specOf(
  { number }: Payload,
  discipline: Discipline | undefined,
): Pick<SendOptions, "singletonKey"> {
  if (discipline === "chain") return { singletonKey: "chain" };
  if (discipline === "keys") return { singletonKey: `key-${number % keyCount}` };
  return discipline === "unique" ? { singletonKey: String(number) } : {};
}
