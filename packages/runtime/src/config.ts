// What queue.yml means once it is read, checked and filled with defaults. Passed down, never
// global. Durations are milliseconds; paths are absolute.

import type { Json, Retention } from "@queue-runtime/store";

/** Plain data: it goes to forked children as JSON. */
export interface Config {
  /** The file it came from. */
  readonly file: string;
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
  /** Of the ticks missed while no scheduler ran: none, the newest, or all are enqueued. */
  readonly catchUp: "none" | "one" | "all";
  readonly tasks: readonly TaskConfig[];
}

export interface TaskConfig {
  readonly name: string;
  /** Five fields of cron, six with seconds first, or a name such as `@daily`. */
  readonly schedule: string;
  /** An IANA name; null is the zone of the system. */
  readonly timeZone: string | null;
  /** Name of the job. */
  readonly job: string;
  /** null by default. */
  readonly args: Json;
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
