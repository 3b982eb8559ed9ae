// What is answered to somebody who wants something of a command in some state; the same on every
// store. What then happens to it is the store's business. null means: go ahead.

import { endStates, type JobState } from "../../job.ts";
import type { CommandAction } from "../../store/command.ts";

/** How a command stands at the moment of the question. */
export interface Standing {
  readonly state: JobState;
  /** Whose lock is on it, also one whose time is over; null: nobody's. */
  readonly lockOwner: string | null;
  /** That lock still counts. */
  readonly locked: boolean;
}

/** `standing` is undefined where there is no such command. */
export type CommandAnswer = (id: number, standing: Standing | undefined) => CommandAction | null;

/** It may still be changed: it does not run and has not ended. */
export function isPending(state: JobState): boolean {
  return state !== "running" && !isOver(state);
}

export function isOver(state: JobState): boolean {
  return (endStates as readonly JobState[]).includes(state);
}

const pendingOnly =
  (unless: { readonly running: string; readonly over: string }): CommandAnswer =>
  (id, standing) => {
    if (!standing) return unknown(id);
    const { state } = standing;
    if (state === "running") return refused(id, `is running: ${unless.running}`);
    if (isOver(state)) return refused(id, `is ${state} already: ${unless.over}`);
    return null;
  };

const unlocked =
  (answer: CommandAnswer): CommandAnswer =>
  (id, standing) =>
    answer(id, standing) ?? (standing?.locked ? refused(id, isEdited) : null);

const isEdited = "is being edited: wait for the editor, or open the lock with `runtime stash`";

const restartIt = "run it again with `runtime restart`";

/** A job that is blocked is asked for its slots as well: see `refuseBlocked`. */
export const answerForce: CommandAnswer = unlocked(
  pendingOnly({ running: "there is nothing to start", over: restartIt }),
);

export const answerStash: CommandAnswer = pendingOnly({
  running: "end it with `runtime kill` first",
  over: restartIt,
});

export const answerLetGo: CommandAnswer = unlocked((id, standing) => {
  const answer = pendingOnly({ running: "there is nothing to let go", over: restartIt });
  const isLetGo = standing && standing.state !== "held" && standing.state !== "scheduled";
  if (isLetGo && isPending(standing.state))
    return refused(id, `is ${standing.state} already: there is nothing to let go`);
  return answer(id, standing);
});

export const answerRestart: CommandAnswer = (id, standing) => {
  if (!standing) return unknown(id);
  if (isOver(standing.state)) return null;
  const what = standing.state === "running" ? "end it with `runtime kill` first" : "wait for it";
  return refused(id, `is ${standing.state}: only one that has ended can run again, ${what}`);
};

export const answerSwap: CommandAnswer = unlocked(
  pendingOnly({ running: "it has no place any more", over: "it has no place any more" }),
);

export const answerSetVariable: CommandAnswer = unlocked(
  pendingOnly({ running: "its environment is fixed", over: restartIt }),
);

export function answerLock(owner: string): CommandAnswer {
  return (id, standing) => {
    const answer = pendingOnly({ running: "it cannot be edited any more", over: restartIt });
    if (standing?.locked && standing.lockOwner !== owner) return refused(id, isEdited);
    return answer(id, standing);
  };
}

/** One whose time is over is still the owner's, unless somebody else took or opened it. */
export function answerUnlock(owner: string): CommandAnswer {
  return (id, standing) => {
    const answer = pendingOnly({
      running: "it began while it was edited, and keeps what it began with",
      over: "it ended while it was edited",
    });
    const no = answer(id, standing);
    if (no || standing?.lockOwner === owner) return no;
    return refused(id, "is no longer locked for this editor: nothing was changed");
  };
}

export const answerRemove: CommandAnswer = (id, standing) => {
  if (!standing) return unknown(id);
  return standing.state === "running"
    ? refused(id, "is running: end it with `runtime kill` first")
    : null;
};

export function done(id: number): CommandAction {
  return { id, outcome: "done" };
}

export function refused(id: number, why: string): CommandAction {
  return { id, outcome: "refused", error: `command ${id} ${why}` };
}

export function unknown(id: number): CommandAction {
  return { id, outcome: "unknown", error: `there is no command ${id}` };
}

/** `key`: one that it needs a slot of, which is not free. */
export function refuseBlocked(id: number, key: string): CommandAction {
  return refused(id, `needs a slot of ${JSON.stringify(key)}, and none is free`);
}

/** Somebody waits for it. */
export function refuseNeeded(id: number, by: number): CommandAction {
  return refused(id, `cannot be removed: job ${by} comes after it and waits`);
}

export function refuseSelf(id: number): CommandAction {
  return refused(id, "cannot change places with itself");
}

/** Of two, the one that could; `other` could not. */
export function refuseHalf(id: number, other: number): CommandAction {
  return refused(id, `stays where it is, because ${other} cannot change places`);
}

export function refuseNoVariable(id: number, name: string): CommandAction {
  return refused(id, `has no variable ${JSON.stringify(name)}`);
}
