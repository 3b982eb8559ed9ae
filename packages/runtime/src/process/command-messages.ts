// What a supervisor and the child that runs commands say to each other, beside what it says to any
// child (see messages.ts). Plain data.

import type { CommandEnd, Held, Settlement } from "@queue-runtime/store";
import type { CommandsConfig } from "../config.ts";
import type { LiveAnswer, LiveCommand } from "../control/live-commands.ts";

/**
 * What the supervisor did to a run. It is said before the signals are sent, so it is known first.
 */
export interface Signalled extends Held {
  readonly signals: readonly NodeJS.Signals[];
  /** Of a survivor: all that was ever sent to it, also by those who looked after it before. */
  readonly signalsSent?: readonly string[];
  readonly paused: boolean;
  /** A person ends it: whatever it comes to was their doing. */
  readonly kill: boolean;
}

export type ToCommands =
  | { readonly say: "signalled"; readonly runs: readonly Signalled[] }
  /** The answer carries the same number. */
  | { readonly say: "start"; readonly request: number; readonly ids: readonly number[] }
  | {
      readonly say: "send";
      readonly request: number;
      readonly id: number;
      /** In base64. */
      readonly bytes: string;
      readonly eof: boolean;
    }
  /** The supervisor, under this id, holds commands of a process that ended. */
  | { readonly say: "adopt"; readonly from: number }
  /** A reload: runs go on, and what is decided from now on is decided by this. */
  | { readonly say: "configure"; readonly config: CommandsConfig };

/** A run that is over, once that is stored. */
export interface Ended extends Held {
  readonly outcome: Settlement["outcome"];
  /** null: nobody saw how. */
  readonly end: CommandEnd | null;
  readonly ms: number;
}

export type FromCommands =
  | { readonly said: "began" | "changed"; readonly commands: readonly LiveCommand[] }
  | { readonly said: "ended"; readonly runs: readonly Ended[] }
  | {
      readonly said: "answered";
      readonly request: number;
      readonly answers: readonly LiveAnswer[];
    };
