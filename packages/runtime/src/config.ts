// What queue.yml means once it is read, checked and filled with defaults. Passed down, never
// global. Durations are milliseconds; paths are absolute.

import type { Json, NewTask, QueueSettings, Retention } from "@queue-runtime/store";

/** Plain data: it goes to forked children as JSON. */
export interface Config {
  /** The file it came from. */
  readonly file: string;
  /** Where tasks and limits are written in it: lines by path, such as `scheduler.tasks.nightly`. */
  readonly lines: Readonly<Record<string, number>>;
  /** Store URL with absolute path, or with a password: only `shownStore` of it may be seen. */
  readonly store: string;
  /** Job modules, as absolute paths, in order; empty when `jobs` is not set. */
  readonly jobs: readonly string[];
  /** The module that registers hooks and adapters, or null. */
  readonly hooks: string | null;
  readonly shutdownTimeoutMs: number;
  /** Names of interruption adapters; `["runtime"]` by default. */
  readonly interruptionAdapters: readonly string[];
  readonly durability: "full" | "normal";
  readonly workers: readonly WorkerConfig[];
  readonly dispatcher: DispatcherConfig | null;
  readonly scheduler: SchedulerConfig | null;
  /** null: this runtime runs no shell commands. */
  readonly commands: CommandsConfig | null;
  readonly concurrency: ConcurrencyConfig;
  /** What is true of every job of a queue, by its name. */
  readonly queues: Readonly<Record<string, QueueSettings>>;
  readonly process: ProcessConfig;
  readonly control: ControlConfig;
  readonly log: LogConfig;
}

export interface WorkerConfig {
  readonly name: string;
  readonly queues: readonly string[];
  readonly processes: number;
  /** 0 runs jobs on the main loop. */
  readonly threads: number;
  /** Jobs at once per thread, or on the loop. */
  readonly concurrency: number;
  readonly pollingIntervalMs: number;
}

export interface DispatcherConfig {
  readonly pollingIntervalMs: number;
  readonly batchSize: number;
  readonly concurrencyMaintenanceIntervalMs: number;
  readonly retention: Retention;
}

export interface SchedulerConfig {
  /** Who keeps these tasks in the store: a name, by default the path of the file. */
  readonly name: string | null;
  /** How often tasks that people add or change are looked for where the store cannot tell. */
  readonly pollingIntervalMs: number;
  /** Of the ticks missed while no scheduler ran: none, the newest, or all are enqueued. */
  readonly catchUp: CatchUp;
  readonly tasks: readonly TaskConfig[];
}

export type CatchUp = NewTask["catchUp"];

export interface TaskConfig {
  readonly name: string;
  /** Five fields of cron, six with seconds first, a name such as `@daily`, or `every 10m`. */
  readonly schedule: string;
  /** An IANA name; null is UTC. */
  readonly timeZone: string | null;
  /** Name of the job. */
  readonly job: string;
  /** null by default. */
  readonly args: Json;
  /** null: that of the job's definition. */
  readonly queue: string | null;
  /** null: that of the job's definition. */
  readonly priority: number | null;
  readonly description: string | null;
  /** null: that of the scheduler. */
  readonly catchUp: CatchUp | null;
}

export interface CommandsConfig {
  /** Program and arguments that come before the line of a command. */
  readonly shell: readonly string[];
  /** The folder of their output. */
  readonly output: string;
  /** What is kept of the output of one run, in bytes. */
  readonly outputLimitBytes: number;
  /** Between TERM and KILL. */
  readonly killGraceMs: number;
  /** What becomes of commands that outlived the process that ran them. */
  readonly onCrash: "adopt" | "end";
  readonly callback: CallbackConfig | null;
}

/** What is told of commands that ended; one of `command` and `webhook` is set. */
export interface CallbackConfig {
  /** A line for the shell. */
  readonly command: string | null;
  /** A URL that is posted to. */
  readonly webhook: string | null;
  readonly on: readonly CallbackResult[];
  /** Of one try. */
  readonly timeoutMs: number;
  /** Tries after the first one. */
  readonly retries: number;
}

export type CallbackResult = "finished" | "failed" | "cancelled";

export interface ConcurrencyConfig {
  /** By the name of a job: how many slots its keys have, instead of what its definition says. */
  readonly limits: Readonly<Record<string, number>>;
}

export interface ProcessConfig {
  readonly heartbeatIntervalMs: number;
  readonly aliveThresholdMs: number;
  readonly startupTimeoutMs: number;
}

export interface ControlConfig {
  /** Path of the unix socket: at most 107 bytes, absolute or relative to the working directory. */
  readonly socket: string;
  /** Where `/livez` and `/readyz` are served over TCP, or null. */
  readonly http: { readonly host: string; readonly port: number } | null;
  /** Empty: none. */
  readonly token: string;
}

export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
}
