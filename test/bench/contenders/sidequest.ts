// Sidequest on its PostgreSQL backend. Source: docs.sidequestjs.com/engine/configuration.
//
// Jobs run where the engine runs (`runner: "inline"`, `fork: false`): measured faster than its
// threads, and what the others do too. The queue and the engine allow 20 at once; a short
// polling interval (jobPollingInterval, "decrease this number if you want to have
// lower latency"); log level `error`; no dashboard. It has no call for many jobs at once.

import { Sidequest } from "sidequest";
import { atOnce, type Contender, type ContenderOptions, queueName } from "./contender.ts";
import { pool } from "./pool.ts";
import { BenchJob, hook } from "./sidequest-job.ts";

const left = "SELECT FROM sidequest_jobs WHERE state IN ('waiting', 'claimed', 'running')";

export async function open({ url }: ContenderOptions): Promise<Contender> {
  const query = pool(url);
  const engine = {
    backend: { driver: "@sidequest/postgres-backend", config: url },
    queues: [{ name: queueName, concurrency: atOnce }],
    maxConcurrentJobs: atOnce,
    jobPollingInterval: 20,
    runner: "inline",
    fork: false,
    gracefulShutdown: false,
    logger: { level: "error" },
  } as const;
  let configured: Promise<unknown> | null = null;
  const configure = () => {
    configured ??= Sidequest.configure({ ...engine, queues: [...engine.queues] });
    return configured;
  };
  return {
    async migrate() {
      await configure();
    },
    async enqueue(input) {
      await configure();
      return await Sidequest.build(BenchJob).queue(queueName).enqueue(input);
    },
    async work(perform) {
      hook.perform = perform;
      await Sidequest.start({
        ...engine,
        queues: [...engine.queues],
        dashboard: { enabled: false },
      });
    },
    isEmpty: () => query.yes(`SELECT NOT EXISTS (${left}) AS yes`),
    async close() {
      await query.close();
    },
  };
}
