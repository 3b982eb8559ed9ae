// The lines about recurring tasks. One that a tick is enqueued is written after it was committed.

import { duration } from "./duration.ts";
import type { RuntimeEvent } from "./events.ts";
import type { LineLevel } from "./lines.ts";

export type TaskEvent = Extract<RuntimeEvent, { type: `task-${string}` }>;

export function isOfTask(event: RuntimeEvent): event is TaskEvent {
  return event.type.startsWith("task-");
}

export function ofTask(event: TaskEvent): [LineLevel, string] {
  switch (event.type) {
    case "task-ticked":
      return ["info", `${tickOf(event)}: job #${event.jobId} enqueued${late(event.lateMs)}`];
    case "task-skipped":
      return [
        "info",
        event.jobId === null
          ? `${tickOf(event)}: nothing enqueued, no slot was free`
          : `${tickOf(event)}: nothing enqueued, job #${event.jobId} has its unique key`,
      ];
    case "task-failed":
      return ["error", `${tickOf(event)}: nothing enqueued: ${event.message}`];
    case "task-truncated":
      return [
        "warn",
        `${event.task} missed more than ${event.most} ticks: those before ` +
          `${new Date(event.from).toISOString()} are left out`,
      ];
    case "task-unusable":
      return ["error", `the task ${event.task} is never due: ${event.message}`];
    case "task-clash":
      return [
        event.same ? "debug" : "warn",
        `the task ${event.task} is not taken from here: it belongs to ${event.source}; ` +
          "rename it, or `runtime recurring remove --force` it first; where one application moved " +
          "to another folder, give both files the same scheduler.name",
      ];
    default:
      return impossible(event);
  }
}

function tickOf({ task, at }: { readonly task: string; readonly at: number }): string {
  return `${task} of ${new Date(at).toISOString().replace(".000", "")}`;
}

/** Below a second it is the pace of the machine, and no news. */
function late(ms: number): string {
  return ms < 1_000 ? "" : `, ${duration(ms)} late`;
}

function impossible(event: never): never {
  throw new Error(`no line for ${JSON.stringify(event)}`);
}
