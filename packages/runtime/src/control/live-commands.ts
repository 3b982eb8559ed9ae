// What the desk may ask about commands that run: their processes are in reach of the supervisor, so
// that a signal is sent before the answer is. A command line without a runtime has none of this.

import type { CommandEnd, CommandProcess, Held, Settlement } from "@queue-runtime/store";

/** A command that runs now, beside its row in the store. */
export interface LiveCommand extends Held {
  readonly group: string;
  readonly slots: number;
  /** Slot number in its group. */
  readonly slot: number;
  readonly process: CommandProcess;
  /** Its group of processes is stopped (SIGSTOP). */
  readonly paused: boolean;
  /** What was sent to it, in order, such as `SIGTERM`. */
  readonly signalsSent: readonly string[];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** The answer to an action on one running command. */
export interface LiveAnswer {
  readonly id: number;
  readonly outcome: "done" | "refused" | "unknown";
  /** One sentence, unless it is done. */
  readonly error?: string;
}

export interface LiveCommands {
  /** At this moment, by id. */
  running(): ReadonlyMap<number, LiveCommand>;

  /**
   * Ends them as a person: TERM to the group (after CONT where it is stopped), KILL after
   * `commands.kill_grace`. Signals are sent before this returns; `ended` resolves when all are over,
   * or after 100 ms.
   */
  kill(ids: readonly number[]): {
    readonly answers: readonly LiveAnswer[];
    readonly ended: Promise<void>;
  };

  /** Sends a signal to the group and nothing else: a STOP pauses it, a CONT resumes it. */
  signal(ids: readonly number[], signal: NodeJS.Signals): readonly LiveAnswer[];

  /** Stops the group, or lets it go on; sent before this returns. */
  pause(ids: readonly number[], on: boolean): readonly LiveAnswer[];

  /**
   * Starts ready commands at once, whatever the slots and the pauses of their groups. Resolves when
   * each has a process, or could not get one.
   */
  start(ids: readonly number[]): Promise<readonly LiveAnswer[]>;

  /**
   * Writes to the command's stdin, and closes it with `eof`. Resolves when the bytes are in the pipe
   * or in a bounded buffer before it; refused when that buffer (1 MB) is full, or stdin is closed.
   */
  send(id: number, input: { readonly bytes: Buffer; readonly eof: boolean }): Promise<LiveAnswer>;

  /**
   * Something may be ready that was written through our own connection to the store, of which a
   * watch tells nothing. Starts the process that runs commands where it does not run yet.
   */
  look(): void;

  /** What was paused, killed or signalled is stored by now. */
  stored(): Promise<void>;

  /** Hears of every start and end, and of every pause; in order. Answers how to stop that. */
  subscribe(listener: (event: LiveEvent) => void): () => void;
}

export type LiveEvent =
  | { readonly type: "started"; readonly command: LiveCommand }
  | { readonly type: "changed"; readonly command: LiveCommand }
  /** Heard once it is stored. `end` is null when nobody saw how the process ended. */
  | {
      readonly type: "ended";
      readonly command: LiveCommand;
      readonly outcome: Settlement["outcome"];
      readonly end: CommandEnd | null;
      /** How long the run took. */
      readonly ms: number;
    };
