// What the control API may ask of a running supervisor. Every call acts on its in-memory state in
// one synchronous step; nothing is forwarded through a queue.

import type { ProcessState, Store } from "@queue-runtime/store";
import type { Config } from "../config.ts";
import type { Desk } from "./desk.ts";
import type { Events } from "./events.ts";
import type { LiveCommands } from "./live-commands.ts";
import type { CommandFigures } from "./metrics/command-figures.ts";
import type { LiveProcess } from "./rows.ts";

export interface ControlTarget {
  /** That of the newest reload. */
  readonly config: Config;
  readonly store: Store;
  /** null: this runtime runs no commands. */
  readonly commands: LiveCommands | null;
  describe(): RuntimeDescription;
  /** As TERM. Resolves when the supervisor is about to end. */
  stop(): Promise<void>;
  /** As TSTP and CONT: on, nothing is claimed any more. */
  quiet(on: boolean): void;
  /**
   * As HUP. Resolves when the new children are ready; rejects with the reason when they are not.
   */
  reload(): Promise<void>;
  /** Something was written through our own connection; a watch tells the children nothing of it. */
  wrote(): void;
  /** All children are ready and no stop has begun. */
  isReady(): boolean;
}

export interface RuntimeDescription {
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly state: "starting" | "running" | "quiet" | "stopping";
  /** Live knowledge about the children, by process id in the store. */
  readonly processes: readonly {
    readonly id: number;
    readonly pid: number;
    readonly state: ProcessState;
    readonly rssBytes: number | null;
  }[];
}

/** The same as `GET /status?live=true` answers it. */
export interface LiveStatus {
  readonly running: true;
  readonly pid: number;
  readonly host: string;
  /** The URL of its store, without a password. */
  readonly store: string;
  readonly started_at: string | null;
  readonly state: RuntimeDescription["state"];
  readonly processes: readonly (LiveProcess & { readonly pid: number })[];
}

/** What the routes work on: the target, and what the server has built beside it. */
export interface Backing {
  readonly target: ControlTarget;
  /** By the configuration of now. */
  desk(): Desk;
  readonly events: Events;
  readonly figures: CommandFigures;
}
