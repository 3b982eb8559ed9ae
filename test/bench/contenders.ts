// Who takes part on PostgreSQL and Redis, under which name, and with which of its settings. The
// settings themselves, and where they are documented, are in contenders/.

import type { Discipline } from "./contenders/contender.ts";
import { us } from "./report/compare.ts";

export interface Entry {
  /** In the report. */
  readonly label: string;
  readonly module: string;
  readonly variant: string;
  readonly store: "sqlite" | "postgres" | "redis-everysec" | "redis-always";
  /** Jobs of a drain at full scale: about two seconds' worth. */
  readonly drain: number;
  /** What its jobs keep to. */
  readonly discipline?: Discipline;
}

/** Our client; jobs are worked off by a real runtime. */
export const runtime: Entry = {
  label: us,
  module: "runtime",
  variant: "default",
  store: "postgres",
  drain: 50_000,
};

export const bareOne: Entry = {
  label: "bare SQL, one connection",
  module: "bare-postgres",
  variant: "one",
  store: "postgres",
  drain: 100_000,
};

export const bareTwo: Entry = {
  ...bareOne,
  label: "bare SQL, two connections",
  variant: "two",
};

/** For context: it does not throw away what ended. */
export const bareKeep: Entry = { ...bareOne, label: "bare SQL, keeping rows", variant: "keep" };

/** The path of one job, for latency. */
export const bareAlone: Entry = { ...bareOne, label: "bare SQL path", variant: "alone" };

export const graphileBatched: Entry = {
  label: "graphile-worker, batched",
  module: "graphile-worker",
  variant: "batched",
  store: "postgres",
  drain: 50_000,
};

export const graphile: Entry = {
  ...graphileBatched,
  label: "graphile-worker, default",
  variant: "default",
  drain: 5_000,
};

export const pgBossTuned: Entry = {
  label: "pg-boss, tuned",
  module: "pg-boss",
  variant: "tuned",
  store: "postgres",
  drain: 20_000,
};

export const pgBoss: Entry = {
  ...pgBossTuned,
  label: "pg-boss, default",
  variant: "default",
  drain: 60,
};

export const bullmqPostgres: Entry = {
  label: "BullMQ, PostgreSQL",
  module: "bullmq",
  variant: "postgres",
  store: "postgres",
  drain: 3_000,
};

export const bullmqRedis: Entry = {
  label: "BullMQ, Redis (fsync 1/s)",
  module: "bullmq",
  variant: "redis",
  store: "redis-everysec",
  drain: 20_000,
};

export const bullmqRedisDurable: Entry = {
  ...bullmqRedis,
  label: "BullMQ, Redis (durable)",
  store: "redis-always",
  drain: 10_000,
};

export const sidequest: Entry = {
  label: "sidequest",
  module: "sidequest",
  variant: "default",
  store: "postgres",
  drain: 800,
};
