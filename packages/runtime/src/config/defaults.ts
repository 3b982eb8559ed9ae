// Every default of queue.yml, with its unit, and every bound. config/queue.yml shows them to users.

import type { CallbackConfig, CommandsConfig, Config, WorkerConfig } from "../config.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const megabyte = 1_024 ** 2;

type Defaults = Pick<
  Config,
  | "shutdownTimeoutMs"
  | "interruptionAdapters"
  | "durability"
  | "concurrency"
  | "queues"
  | "process"
  | "log"
> & {
  readonly store: string;
  readonly worker: Omit<WorkerConfig, "name">;
  readonly dispatcher: NonNullable<Config["dispatcher"]>;
  readonly scheduler: NonNullable<Config["scheduler"]>;
  /** `output`: a part of the name of its folder, which is beside the store, as the socket is. */
  readonly commands: CommandsConfig;
  readonly callback: CallbackConfig;
  /** In the folder of the store; of a server, in `data` beside the configuration. */
  readonly socket: string;
};

export const defaults: Defaults = {
  store: "sqlite:./data/queue.sqlite",
  shutdownTimeoutMs: 25 * second,
  interruptionAdapters: ["runtime"],
  durability: "normal",
  worker: {
    queues: ["*"],
    processes: 1,
    threads: 3,
    concurrency: 1,
    pollingIntervalMs: second,
  },
  dispatcher: {
    pollingIntervalMs: second,
    batchSize: 500,
    concurrencyMaintenanceIntervalMs: 5 * minute,
    retention: { finishedMs: 7 * day, cancelledMs: 7 * day, failedMs: 90 * day },
  },
  scheduler: { name: null, pollingIntervalMs: 5 * second, catchUp: "none", tasks: [] },
  commands: {
    shell: ["sh", "-c"],
    output: "output",
    outputLimitBytes: 100 * megabyte,
    killGraceMs: 5 * second,
    onCrash: "adopt",
    callback: null,
  },
  callback: {
    command: null,
    webhook: null,
    on: ["finished", "failed", "cancelled"],
    timeoutMs: 30 * second,
    retries: 3,
  },
  concurrency: { limits: {} },
  queues: {},
  process: {
    heartbeatIntervalMs: 5 * second,
    aliveThresholdMs: 30 * second,
    startupTimeoutMs: minute,
  },
  socket: "runtime.sock",
  log: { level: "info" },
};

/** Smallest and largest allowed value, both included; milliseconds for durations. */
export type Bounds = readonly [least: number, most: number];

type Bounded =
  | "workers"
  | "processes"
  | "threads"
  | "concurrency"
  | "batchSize"
  | "shutdownTimeout"
  | "pollingInterval"
  | "maintenanceInterval"
  | "retention"
  | "heartbeatInterval"
  | "aliveThreshold"
  | "startupTimeout"
  | "slots"
  | "rateLimit"
  | "ratePeriod"
  | "priority"
  | "outputLimit"
  | "killGrace"
  | "callbackTimeout"
  | "callbackRetries";

export const bounds: Readonly<Record<Bounded, Bounds>> = {
  workers: [0, 100],
  processes: [1, 64],
  threads: [0, 128],
  concurrency: [1, 10_000],
  batchSize: [1, 100_000],
  shutdownTimeout: [1, day],
  pollingInterval: [10, hour],
  maintenanceInterval: [second, day],
  retention: [0, 3650 * day],
  heartbeatInterval: [100, 10 * minute],
  aliveThreshold: [200, day],
  startupTimeout: [100, hour],
  slots: [1, 100_000],
  rateLimit: [1, 1_000_000],
  ratePeriod: [10, 31 * day],
  priority: [-2_147_483_647, 2_147_483_647],
  // bytes; less would be rotated faster than anybody reads it
  outputLimit: [4_096, 1_024 ** 4],
  killGrace: [0, hour],
  callbackTimeout: [100, hour],
  callbackRetries: [0, 100],
};

/** Longest name of a worker or adapter, and longest pattern of a queue, in characters. */
export const longestName = 255;

/** Longest name of a job, queue or task in the store, in characters. */
export const longestKey = 200;
