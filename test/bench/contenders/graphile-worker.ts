// graphile-worker. Sources: worker.graphile.org/docs/performance, and perfTest/graphile.config.js
// in its repository, the settings its published figures were taken with.
//
// Both variants: `concurrentJobs` 20 and `maxPoolSize` one more, as there; no log line per job
// (NO_LOG_SUCCESS, as there; it is read when the module loads, so ../harness/program.ts sets it).
// `default`: nothing else.
//
// Disciplines: jobs with one queue name run one at a time (`chain`: one name for all; `keys`: one
// for each key); a job key (`unique`), which replaces a job that waits: the mode that leaves it alone
// is called unsafe, and there is none for many at once. It limits no rates. Nobody is woken when the
// next job of a queue name may run, so there `pollInterval` is 10 ms instead of two seconds: that is
// about thirty times as fast.
//
// `batched`: localQueue of 500, refetchDelay of 10 ms, completeJobBatchDelay and failJobBatchDelay 0.

import {
  Logger,
  makeWorkerUtils,
  runMigrations,
  run as startRunner,
  type TaskSpec,
} from "graphile-worker";
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

const logger = new Logger(() => () => {});

const batched = {
  localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};

const serial = { pollInterval: 10 };

export async function open({ url, variant, discipline }: ContenderOptions): Promise<Contender> {
  const tuned = variant === "batched" ? batched : {};
  const settings =
    discipline === "chain" || discipline === "keys" ? { ...tuned, ...serial } : tuned;
  const preset = {
    worker: {
      connectionString: url,
      concurrentJobs: atOnce,
      maxPoolSize: atOnce + 1,
      ...settings,
    },
  };
  const query = pool(url);
  const utils = await makeWorkerUtils({ preset, logger });
  return {
    async migrate() {
      await runMigrations({ preset, logger });
    },
    enqueue: (input) => utils.addJob(queueName, input, specOf(input, discipline)),
    enqueueMany: (inputs) =>
      utils.addJobs(
        inputs.map((input) => ({
          identifier: queueName,
          payload: input,
          ...specOf(input, discipline),
        })),
      ),
    async work(perform) {
      const taskList = {
        [queueName]: async (input: unknown) => perform(input as Payload),
      };
      await startRunner({ preset, logger, taskList, noHandleSignals: true });
    },
    isEmpty: () =>
      query.yes("SELECT NOT EXISTS (SELECT FROM graphile_worker._private_jobs) AS yes"),
    async close() {
      await utils.release();
      await query.close();
    },
  };
}

function specOf(
  { number }: Payload,
  discipline: Discipline | undefined,
): Pick<TaskSpec, "queueName" | "jobKey"> {
  if (discipline === "chain") return { queueName: "chain" };
  if (discipline === "keys") return { queueName: `key-${number % keyCount}` };
  return discipline === "unique" ? { jobKey: String(number) } : {};
}
