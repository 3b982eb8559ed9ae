// The lines about commands, beside those that they share with all jobs.

import { duration } from "./duration.ts";
import type { RuntimeEvent } from "./events.ts";
import type { LineLevel } from "./lines.ts";

export type CommandEvent = Extract<
  RuntimeEvent,
  { type: `command-${string}` | `commands-${string}` }
>;

export function isOfCommand(event: RuntimeEvent): event is CommandEvent {
  return /^commands?-/.test(event.type);
}

export function ofCommand(event: CommandEvent): [LineLevel, string] {
  switch (event.type) {
    case "command-started":
      return ["debug", `command #${event.job.id} started as pid ${event.pid}`];
    case "command-interrupted":
      return ["info", `command #${event.job.id} interrupted after ${duration(event.ms)}`];
    case "command-adopted": {
      const fate = event.policy === "adopt" ? "it is looked after" : "it is ended";
      const { id } = event.job;
      return ["warn", `command #${id} (pid ${event.pid}) outlived who ran it: ${fate} from here`];
    }
    case "commands-inherited":
      return [
        "warn",
        `commands of ${event.name}: ${event.commands - event.released} taken over, ` +
          `${event.released} ready again`,
      ];
    case "command-spawn-trouble":
      return ["warn", `no process can be started just now, commands wait: ${event.message}`];
    case "command-spawn-well":
      return ["info", "processes can be started again"];
    case "command-input-trouble":
      return [
        "warn",
        "the input of commands is a socket, where `< /dev/stdin` fails, because no pipes can be " +
          `made: ${event.message}`,
      ];
    case "command-callback":
      return ofCallback(event);
    default:
      return impossible(event);
  }
}

type Callback = Extract<CommandEvent, { type: "command-callback" }>;

function ofCallback({ jobId, tries, message, delayMs }: Callback): [LineLevel, string] {
  if (message === null) return ["debug", `callback of command #${jobId} went through`];
  const next = delayMs === null ? "given up" : `tried again in ${duration(delayMs)}`;
  const level = delayMs === null ? "error" : "warn";
  return [level, `callback of command #${jobId}, try ${tries}: ${message}; ${next}`];
}

function impossible(event: never): never {
  throw new Error(`no line for ${JSON.stringify(event)}`);
}
