// What can happen in a runtime that is worth a line. Code says what happened; `log.ts` decides the
// wording, the level and the fields.

import type { StopReason } from "@queue-runtime/job";
import type { JobError, ProcessEnd } from "@queue-runtime/store";

/** Of one job, as far as a line needs it. */
export interface JobRef {
  readonly id: number;
  readonly name: string;
  readonly queue: string;
  readonly attempts: number;
}

export type RuntimeEvent =
  // the supervisor
  | { readonly type: "runtime-starting"; readonly file: string; readonly store: string }
  | { readonly type: "runtime-migrated"; readonly from: number; readonly to: number }
  | { readonly type: "runtime-ready"; readonly children: number; readonly ms: number }
  | { readonly type: "runtime-stopping"; readonly cause: string; readonly timeoutMs: number }
  | { readonly type: "runtime-stopped"; readonly exitCode: number; readonly ms: number }
  | { readonly type: "runtime-hastened"; readonly signal: string; readonly phase: string }
  | { readonly type: "runtime-quiet"; readonly on: boolean }
  | { readonly type: "runtime-reloading" }
  | { readonly type: "runtime-reloaded"; readonly children: number }
  | { readonly type: "reload-refused"; readonly message: string }
  | { readonly type: "pid-1" }
  | {
      readonly type: "queue-in-vain";
      readonly queue: string;
      readonly ready: number;
      readonly paused: boolean;
    }
  | { readonly type: "settings-slow" }
  | { readonly type: "config-doubtful"; readonly message: string }
  | { readonly type: "name-unknown"; readonly name: string; readonly ready: number }
  /** `atMostMs`: for how long it is waited for. */
  | { readonly type: "store-trouble"; readonly message: string; readonly atMostMs?: number }
  | { readonly type: "store-well"; readonly ms: number }
  | { readonly type: "news-polled"; readonly message: string }
  | { readonly type: "news-announced" }
  | { readonly type: "lease-lost"; readonly silentMs: number; readonly thresholdMs: number }
  | { readonly type: "lease-regained"; readonly ms: number }
  | { readonly type: "hook-failed"; readonly hook: string; readonly message: string }
  // its children
  | {
      readonly type: "child-started";
      readonly name: string;
      readonly pid: number;
      readonly what: string;
    }
  | {
      readonly type: "child-ready";
      readonly name: string;
      readonly pid: number;
      readonly ms: number;
    }
  | {
      readonly type: "child-exited";
      readonly name: string;
      readonly pid: number;
      readonly end: ProcessEnd;
      readonly expected: boolean;
    }
  | { readonly type: "child-replaced"; readonly name: string; readonly delayMs: number }
  | {
      readonly type: "child-slow";
      readonly name: string;
      readonly pid: number;
      readonly ms: number;
    }
  | {
      readonly type: "child-failed";
      readonly name: string;
      readonly pid: number;
      readonly message: string;
    }
  | {
      readonly type: "child-busy";
      readonly name: string;
      readonly pid: number;
      readonly busy: boolean;
    }
  | {
      readonly type: "child-killed";
      readonly name: string;
      readonly pid: number;
      readonly why: string;
    }
  | {
      readonly type: "jobs-recovered";
      readonly name: string;
      readonly ready: number;
      readonly failed: number;
      readonly cancelled: number;
      readonly ms: number;
    }
  | {
      readonly type: "process-pruned";
      readonly name: string;
      readonly pid: number;
      readonly host: string;
      readonly silentMs: number;
      readonly jobs: number;
    }
  | { readonly type: "orphan-left"; readonly name: string; readonly pid: number }
  // a worker
  | { readonly type: "worker-stopping"; readonly running: number; readonly cause: string }
  | { readonly type: "worker-evicted" }
  | { readonly type: "worker-released"; readonly jobs: number }
  | { readonly type: "job-started"; readonly job: JobRef }
  | { readonly type: "job-finished"; readonly job: JobRef; readonly ms: number }
  | {
      readonly type: "job-failed";
      readonly job: JobRef;
      readonly ms: number;
      readonly error: JobError;
      readonly retryDelayMs: number | null;
    }
  | {
      readonly type: "job-interrupted";
      readonly job: JobRef;
      readonly ms: number;
      readonly reason: string;
      readonly done: number;
    }
  | { readonly type: "job-cancelled"; readonly job: JobRef; readonly ms: number }
  | {
      readonly type: "job-progress";
      readonly job: JobRef;
      readonly done: number;
      readonly total: number | null;
    }
  | { readonly type: "job-gated"; readonly job: JobRef; readonly keys: readonly string[] }
  | { readonly type: "job-refused"; readonly job: JobRef; readonly reason: StopReason }
  | { readonly type: "write-refused"; readonly id: number; readonly fence: number }
  | { readonly type: "thread-lost"; readonly thread: number; readonly message: string }
  // commands
  | { readonly type: "command-started"; readonly job: JobRef; readonly pid: number }
  | { readonly type: "command-interrupted"; readonly job: JobRef; readonly ms: number }
  | {
      readonly type: "command-adopted";
      readonly job: JobRef;
      readonly pid: number;
      readonly policy: "adopt" | "end";
    }
  | {
      readonly type: "commands-inherited";
      readonly name: string;
      readonly commands: number;
      /**
       * Of them, those that are ready again: they had not begun, or nobody will look after them.
       */
      readonly released: number;
    }
  | { readonly type: "command-spawn-trouble"; readonly message: string }
  | { readonly type: "command-spawn-well" }
  | { readonly type: "command-input-trouble"; readonly message: string }
  | {
      readonly type: "command-callback";
      readonly jobId: number;
      readonly tries: number;
      /** null: it went through. */
      readonly message: string | null;
      /** null: it is not tried again. */
      readonly delayMs: number | null;
    }
  // recurring tasks
  | {
      readonly type: "task-ticked" | "task-skipped";
      readonly task: string;
      /** When it was due, in milliseconds since 1970. */
      readonly at: number;
      readonly jobId: number | null;
      readonly lateMs: number;
    }
  | {
      readonly type: "task-failed";
      readonly task: string;
      readonly at: number;
      readonly message: string;
    }
  | {
      readonly type: "task-truncated";
      readonly task: string;
      readonly most: number;
      /** The first one that is not left out. */
      readonly from: number;
    }
  | { readonly type: "task-unusable"; readonly task: string; readonly message: string }
  | {
      readonly type: "task-clash";
      readonly task: string;
      readonly source: string;
      /** It says the same there. */
      readonly same: boolean;
    }
  // a dispatcher
  | { readonly type: "jobs-dispatched"; readonly moved: number }
  | { readonly type: "jobs-cleared"; readonly deleted: number }
  | { readonly type: "slots-maintained"; readonly freed: number; readonly promoted: number }
  | { readonly type: "slots-refilled"; readonly promoted: number };
