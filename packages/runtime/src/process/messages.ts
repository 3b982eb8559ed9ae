// What a supervisor and its children say to each other over the fork's channel. Plain data.

import type { News, NewTask } from "@queue-runtime/store";
import type { CommandsConfig, Config, WorkerConfig } from "../config.ts";
import type { LogOptions } from "../log.ts";
import type { FromCommands, ToCommands } from "./command-messages.ts";
import type { Timetable } from "./deadline.ts";

/** What a child is to be. */
export type Role =
  | { readonly kind: "worker"; readonly name: string; readonly worker: WorkerConfig }
  | {
      readonly kind: "dispatcher" | "scheduler";
      readonly name: string;
      /** The services in this child; the kind is the first of them. */
      readonly hosts: readonly ("dispatcher" | "scheduler")[];
    }
  | { readonly kind: "commands"; readonly name: string; readonly commands: CommandsConfig };

/** The recurring tasks of a configuration, those of its file and those of its code. */
export interface Tasks {
  readonly file: readonly NewTask[];
  readonly code: readonly NewTask[];
}

/** What only those can say who have loaded the code of jobs. */
export interface CodeFacts {
  /** What is to be enqueued by the clock; null where nobody schedules. */
  readonly tasks: Tasks | null;
  /** What the configuration says of jobs that the code does not have, one line each. */
  readonly doubts: readonly string[];
}

export type ToChild =
  | {
      readonly type: "boot";
      readonly role: Role;
      readonly config: Config;
      readonly processId: number;
      readonly supervisorId: number;
      readonly quiet: boolean;
      /** When the one before it died, by the monotonic clock; null: it has no predecessor. */
      readonly vacantSince: number | null;
      readonly log: Omit<LogOptions, "process">;
    }
  /** Comes with the TERM and again with every jump: the newest timetable. */
  | { readonly type: "stop"; readonly times: Timetable }
  | { readonly type: "quiet"; readonly on: boolean }
  /** Of a shared store, which only the supervisor watches. */
  | { readonly type: "news"; readonly news: News }
  /** Others may soon take the jobs of this host: all end, until it is not lost any more. */
  | { readonly type: "lease"; readonly lost: boolean }
  /** Only to the child that runs commands. */
  | { readonly type: "commands"; readonly message: ToCommands };

export type FromChild =
  /** It can take `boot`. */
  | { readonly type: "up" }
  /** `code`: of a child that knows the code of jobs. */
  | { readonly type: "ready"; readonly names: readonly string[]; readonly code: CodeFacts | null }
  /** It cannot start, and no replacement could: the sentence to show and the exit code it means. */
  | { readonly type: "failed"; readonly message: string; readonly exitCode: number }
  /** It claims nothing any more, whoever told it so. */
  | { readonly type: "stopping" }
  | { readonly type: "commands"; readonly message: FromCommands }
  /** Everything it held is settled or handed back. */
  | { readonly type: "handed-over" };

/** File descriptors a child inherits beside the standard ones and the channel. */
export const childFds = { channel: 3, watchdog: 4, recorder: 5 } as const;

/** What travels over the watchdog's pipe, a byte each. */
export const watchdogBytes = {
  /** To the child: are you alive? */
  ping: 0x70,
  /** To the child: raise the flag, also if the main loop cannot hear the TERM. */
  stop: 0x73,
  /** From the child: alive, and the main loop turns. */
  alive: 0x61,
  /** From the child: alive, but the main loop is blocked. */
  busy: 0x62,
} as const;
