// What may be asked of a store about commands, by those who run them and by people. The data is
// described in command.ts. They are enqueued by `Jobs.enqueue`, like any job.

import type { JobState } from "../job.ts";
import type { Held } from "../turn.ts";
import type {
  CommandAction,
  CommandGroup,
  CommandGroupSettings,
  CommandJob,
  CommandProcess,
  GroupSettings,
  QueuedCommand,
} from "./command.ts";

export interface CommandQuery {
  readonly ids?: readonly number[];
  readonly groups?: readonly string[];
  /** Absent: every state. */
  readonly states?: readonly JobState[];
  /** Only those that are, or are not, paused. */
  readonly paused?: boolean;
  /** All of them have to hold. A command without the field never fits. */
  readonly where?: readonly CommandCondition[];
  /** Only those with a greater id: for the next page, with `first` and without `orderBy`. */
  readonly beyond?: number;
  /**
   * By id, ascending, when absent. Ties go by id, and those without the field come last, whichever
   * way it goes. States are in the order of a job's life, texts in that of their code points.
   */
  readonly orderBy?: { readonly field: CommandField; readonly descending: boolean };
  /** Of the order: the first so many, or the last. All by default; at most 100,000. */
  readonly first?: number;
  readonly last?: number;
}

export type CommandField =
  | "id"
  | "state"
  | "priority"
  | "command"
  | "label"
  | "directory"
  | "enqueueAt"
  | "start"
  | "end";

export type CommandCondition =
  | {
      readonly field: "command" | "label";
      /** `contains` ignores case; the others do not. */
      readonly operator: "is" | "is-not" | "contains";
      readonly value: string;
    }
  | {
      /** Times: `run_at` of a job that is scheduled, `started_at`, `finished_at`. */
      readonly field: "enqueueAt" | "start" | "end";
      readonly operator: "before" | "after" | "within" | "not-within";
      /** Milliseconds since 1970; `before` is before `from`, `after` at or after `to`. */
      readonly from: number;
      readonly to: number;
    };

/** What an editor may change; absent: as it was. */
export interface CommandChanges {
  /** The new line; a command with `argv` becomes one that a shell runs. Never empty. */
  readonly line?: string;
  readonly directory?: string;
  /** null: none. */
  readonly label?: string | null;
  readonly priority?: number;
}

/** What a person did to a run. */
export interface Touched extends Held {
  /** As long as it is the one of the run, the fence may be old: it has been taken over since. */
  readonly process?: CommandProcess;
  readonly paused: boolean;
  readonly signalsSent: readonly string[];
  /** It is to end: asked for as by `Jobs.cancel`, so that it outlives whoever was told. */
  readonly killed?: boolean;
}

export interface Commands {
  // What the worker asks

  /**
   * Of each group that is not paused at most `limit` ready commands, as they would be claimed:
   * priority, then place, then id. Not those that are locked. Reads only.
   */
  queued(
    groups: readonly { readonly name: string; readonly limit: number }[],
  ): Promise<readonly QueuedCommand[]>;

  /** Notes who runs them. Answers those whose fence is old. */
  began(
    runs: readonly (Held & { readonly process: CommandProcess; readonly slot: number })[],
  ): Promise<readonly Held[]>;

  /** Notes what a person did to running ones. Those with an old fence change nothing. */
  touched(runs: readonly Touched[]): Promise<void>;

  /**
   * Takes every running command of a process that ended into the hands of another: fences are
   * raised, nothing is counted, `adopted` is set. Repeating it changes nothing, and answers those
   * that were taken by this call. `invalid` when the other one is not registered.
   */
  adopt(fromProcessId: number, toProcessId: number): Promise<readonly CommandJob[]>;

  /**
   * Takes, for a host, the commands that failed because of a dependency at or after `since`, in
   * milliseconds since 1970, and that nobody has taken; what failed earlier is forgotten. With
   * `again` it also answers those that the host owed before. At most 1,000 of each, with the lowest
   * ids; the host owes a word of them until `told`, or until they run again.
   */
  untold(
    host: string,
    options: { readonly since: number; readonly again: boolean },
  ): Promise<readonly CommandJob[]>;

  /** Somebody was told of these ends. */
  told(ids: readonly number[]): Promise<void>;

  /** Some command has not ended. */
  outstanding(): Promise<boolean>;

  // What people do: one answer per id, in the order asked; an id that is no command is `unknown`

  find(id: number): Promise<CommandJob | null>;

  list(query: CommandQuery): Promise<readonly CommandJob[]>;

  /** null when there is no such command. */
  environment(id: number): Promise<Readonly<Record<string, string>> | null>;

  /**
   * Makes a command ready that is held, waits for other jobs or for a time, so that it can be
   * claimed by its id: time and dependencies are forgotten. One that is ready is left as it is; one
   * that is blocked by a key, runs, is locked or has ended is refused.
   */
  force(ids: readonly number[]): Promise<readonly CommandAction[]>;

  /**
   * Back to a person: a command that is ready, waits, is blocked or scheduled becomes `held`. With
   * `delayMs` it becomes `scheduled` instead, also one that is held; or `waiting`, as long as those
   * it comes after have not ended. Opens the lock of an editor.
   */
  stash(
    ids: readonly number[],
    options: { readonly delayMs: number | null },
  ): Promise<readonly CommandAction[]>;

  /**
   * Lets held ones go: to waiting, blocked or ready, whatever they still need. With `delayMs` they
   * become scheduled. One that is scheduled is due at once, or at its new time.
   */
  letGo(
    ids: readonly number[],
    options: { readonly delayMs: number | null },
  ): Promise<readonly CommandAction[]>;

  /**
   * Runs ended ones again under their id (`finished` too): counters at 0, keeping dependencies and
   * creation time, changed as asked. `held`: they wait for a person. Each waits for those it comes
   * after that have not ended, and fails again for those that did not finish; those that are gone
   * count as finished, those restarted by the same call as not ended. Commands that come after it
   * and have not begun wait for it again; those that failed for it stay failed.
   */
  restart(
    ids: readonly number[],
    options: { readonly held: boolean; readonly changes?: ReadonlyMap<number, CommandChanges> },
  ): Promise<readonly CommandAction[]>;

  /**
   * Ended ones as new jobs with the same environment, group, priority and label; no dependencies.
   * Answers an id for each, `null` with the reason where there is none.
   */
  again(
    ids: readonly number[],
    options: { readonly held: boolean; readonly changes?: ReadonlyMap<number, CommandChanges> },
  ): Promise<readonly (CommandAction & { readonly newId: number | null })[]>;

  /**
   * Two that are held, waiting, scheduled, blocked or ready change places, and so their priorities;
   * ids stay. In the line of a key, jobs of one priority go by their ids all the same.
   */
  swap(one: number, other: number): Promise<readonly CommandAction[]>;

  /** Locks those that have not begun, for `forMs`; or longer, when `owner` has them already. */
  lock(
    ids: readonly number[],
    options: { readonly owner: string; readonly forMs: number },
  ): Promise<readonly CommandAction[]>;

  /**
   * Opens what `owner` has locked, changed as asked: of the ids in `changes` those, else as it was.
   * Also one whose time is over, if nobody else has locked or opened it and it has not begun. One
   * change that is `invalid` is thrown, and nothing is changed or opened.
   */
  unlock(
    ids: readonly number[],
    options: { readonly owner: string; readonly changes?: ReadonlyMap<number, CommandChanges> },
  ): Promise<readonly CommandAction[]>;

  /** Of one that has not begun. `value` null takes the variable away; refused when it has none. */
  setVariable(id: number, name: string, value: string | null): Promise<CommandAction>;

  /** Deletes commands that do not run, and that no job waits for, unless that is asked for too. */
  remove(ids: readonly number[]): Promise<readonly CommandAction[]>;

  // Groups

  /** By name; `default` is always there, with 1 slot at first. */
  groups(): Promise<readonly CommandGroup[]>;

  /** The same without counts, at a cost that does not depend on how many commands there are. */
  groupSettings(): Promise<readonly CommandGroupSettings[]>;

  /** Adds one with 1 slot unless told otherwise; false when it is there already. */
  addGroup(name: string, settings: GroupSettings): Promise<boolean>;

  /** False when there is no such group. */
  setGroup(name: string, settings: GroupSettings): Promise<boolean>;

  /** `refused`: it is `default`, or has commands, also ended ones. */
  removeGroup(
    name: string,
  ): Promise<{ readonly outcome: "done" | "refused" | "unknown"; readonly error?: string }>;
}
