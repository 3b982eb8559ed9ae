// What queue.yml means once it is read, checked and filled with defaults. Passed down, never global.
// Durations are milliseconds; paths are absolute.

import type { Retention } from "@queue-runtime/store";

export interface Config {
  /** The file it came from. */
  readonly file: string;
  /** Store URL with absolute path. */
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
  readonly retention: Retention;
}

export interface ProcessConfig {
  readonly heartbeatIntervalMs: number;
  readonly aliveThresholdMs: number;
  readonly startupTimeoutMs: number;
}

export interface ControlConfig {
  /** Path of the unix socket. */
  readonly socket: string;
  /** Where `/livez` and `/readyz` are served over TCP, or null. */
  readonly http: { readonly host: string; readonly port: number } | null;
  /** Empty: none. */
  readonly token: string;
}

export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
}
