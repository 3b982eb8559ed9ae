// What a child is given to make its service of, and what it answers. Each kind of service is made
// in a file of its own, so that a child loads only what it is to be: a dispatcher no threads, a
// child that runs commands no jobs.

import type { Store } from "@queue-runtime/store";
import type { Log } from "../log.ts";
import type { ToCommands } from "../process/command-messages.ts";
import type { CodeFacts, FromChild, ToChild } from "../process/messages.ts";
import type { StoreHealth } from "../service/store-health.ts";
import type { Service } from "../service.ts";

export interface ServiceOptions {
  readonly boot: Extract<ToChild, { type: "boot" }>;
  readonly store: Store;
  readonly health: StoreHealth;
  readonly log: Log;
  readonly send: (message: FromChild) => void;
  readonly giveUp: (cause: string) => void;
}

export interface MadeService {
  readonly service: Service;
  /** Names of the jobs it has code for. */
  readonly names: readonly string[];
  /** What its code says together with the configuration; null: it has none. */
  readonly code: CodeFacts | null;
  /** The flags of its runner, for the watchdog; null when it runs no jobs. */
  readonly flags: SharedArrayBuffer | null;
  /** For what the supervisor says to this kind of child alone. */
  readonly take?: (message: ToCommands) => void;
}
