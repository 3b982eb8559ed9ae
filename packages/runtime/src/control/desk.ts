// Everything that people do with commands, as data in and data out: what the control API serves and
// what the command line uses, also where no runtime runs. Shapes are those of the JSON: names with
// several words are in snake_case, times ISO 8601, durations milliseconds.
//
// One call is one action on exactly the ids that its selection matched when it began; they are
// answered one by one, in the order of the ids.

import type { CommandQuery } from "@queue-runtime/store";

/** `all` wins over `group`, that over `ids`; none of them: the group `default`. */
export interface Selection {
  readonly ids?: readonly number[];
  readonly group?: string;
  readonly all?: boolean;
}

/** What became of one id; `error` is one sentence, with `refused` and `unknown`. */
export interface Answer {
  readonly id: number;
  readonly outcome: string;
  readonly error?: string;
}

export interface AddRequest {
  /** Joined by spaces for the shell; with `escape` each is quoted first, `exec` runs no shell. */
  readonly words: readonly string[];
  readonly escape?: boolean;
  readonly exec?: boolean;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly group?: string;
  readonly priority?: number;
  readonly label?: string | null;
  readonly after?: readonly number[];
  readonly if_dependency_fails?: "fail" | "run";
  readonly stashed?: boolean;
  readonly immediate?: boolean;
  readonly delay_ms?: number;
  readonly at?: string;
  readonly slots?: number;
  readonly separate?: boolean;
  readonly retry?: number;
  readonly timeout_ms?: number | null;
  /** As with any job. */
  readonly unique?: string;
}

export interface Added {
  readonly id: number;
  readonly outcome: "created" | "exists" | "started" | "refused";
  /** Of an immediate one that could not be started. */
  readonly error?: string;
  /** Such as that its group is paused. */
  readonly warning?: string;
}

/** A command as `status --json` shows it; never its environment. */
export interface CommandRow {
  readonly id: number;
  readonly name: string;
  readonly kind: "command";
  readonly queue: string;
  readonly state: string;
  readonly priority: number;
  readonly attempts: number;
  readonly command: string;
  readonly directory: string;
  readonly label: string | null;
  readonly after: readonly number[];
  readonly slots: number;
  readonly slot: number | null;
  readonly pid: number | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly ended_by: string | null;
  readonly signals_sent: readonly string[];
  readonly paused: boolean;
  readonly locked: boolean;
  readonly adopted: boolean;
  readonly run_at: string;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly error: object | null;
}

export interface GroupRow {
  readonly name: string;
  readonly slots: number;
  readonly paused: boolean;
  readonly pause_on_failure: boolean;
  readonly running: number;
  readonly queued: number;
  /** By state; states without any are absent. */
  readonly jobs: Readonly<Record<string, number>>;
}

/** What an editor is given, and gives back changed. */
export interface Editable {
  readonly id: number;
  readonly command: string;
  readonly directory: string;
  readonly label: string | null;
  readonly priority: number;
}

export type Changes = Partial<Omit<Editable, "id">>;

export interface SendOptions {
  readonly input?: string;
  /** `input` is written so: for bytes that are no text. */
  readonly base64?: boolean;
  readonly eof?: boolean;
}

export interface RestartRequest {
  readonly ids?: readonly number[];
  /** Instead of ids: every failed, killed or lost one, of a group or of all. */
  readonly failed_in_group?: string;
  readonly all_failed?: boolean;
  readonly in_place?: boolean;
  readonly stashed?: boolean;
  readonly immediate?: boolean;
  /** By id. */
  readonly changes?: Readonly<Record<string, Changes>>;
}

export interface Desk {
  /** All or none, but for starting those that are `immediate`. */
  add(requests: readonly AddRequest[]): Promise<readonly Added[]>;
  list(query: CommandQuery): Promise<readonly CommandRow[]>;
  /** null: there is no such command. */
  find(id: number): Promise<CommandRow | null>;

  kill(selection: Selection, options: { readonly signal?: string }): Promise<readonly Answer[]>;
  /** Of a group or all: nothing begins there any more; with `wait` what runs is left to run. */
  pause(selection: Selection, options: { readonly wait?: boolean }): Promise<readonly Answer[]>;
  /** Of a group or all: the opposite of pause. Ids: those that are paused go on. */
  resume(selection: Selection): Promise<readonly Answer[]>;
  /** Of a group or all: as resume. Ids: a paused one goes on, another starts at once. */
  start(selection: Selection): Promise<readonly Answer[]>;
  send(id: number, options: SendOptions): Promise<Answer>;

  stash(
    selection: Selection,
    options: { readonly delay_ms?: number; readonly at?: string },
  ): Promise<readonly Answer[]>;
  enqueue(
    selection: Selection,
    options: { readonly delay_ms?: number; readonly at?: string },
  ): Promise<readonly Answer[]>;
  /** `new_id`: of one that was not restarted in place. */
  restart(request: RestartRequest): Promise<readonly (Answer & { readonly new_id?: number })[]>;
  remove(ids: readonly number[]): Promise<readonly Answer[]>;
  /** Ended ones that nobody waits for, and their output. */
  clean(options: {
    readonly group?: string;
    readonly successful_only?: boolean;
  }): Promise<readonly Answer[]>;
  /**
   * Kills and removes everything of the groups, of all when none is named, and lets them run again.
   * Resolves when that is done.
   */
  reset(options: { readonly groups?: readonly string[] }): Promise<readonly Answer[]>;
  swap(one: number, other: number): Promise<readonly Answer[]>;
  setVariable(id: number, name: string, value: string | null): Promise<Answer>;

  /** Locks them for 30 s; again with the same owner for 30 s more. */
  lock(
    ids: readonly number[],
    owner: string,
  ): Promise<readonly (Answer & { readonly editable?: Editable })[]>;
  unlock(
    ids: readonly number[],
    options: { readonly owner: string; readonly changes?: Readonly<Record<string, Changes>> },
  ): Promise<readonly Answer[]>;

  groups(): Promise<readonly GroupRow[]>;
  addGroup(
    name: string,
    options: { readonly slots?: number; readonly pause_on_failure?: boolean },
  ): Promise<void>;
  setGroup(
    name: string,
    options: { readonly slots?: number; readonly pause_on_failure?: boolean },
  ): Promise<void>;
  removeGroup(name: string): Promise<void>;
}
