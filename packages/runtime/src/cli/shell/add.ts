// add: a command line becomes a job, with the folder and the environment of whoever adds it.

import type { Added, AddRequest } from "../../control/desk.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { withDesk } from "../data/desk.ts";
import type { Invocation } from "../line/command.ts";
import { CommandError, UsageError } from "../line/errors.ts";
import { readChoice, readInteger } from "../line/options.ts";
import { visible } from "../terminal/text.ts";
import { readDirectory } from "./given/directory.ts";
import { readDuration } from "./given/duration.ts";
import { readEnvironment } from "./given/environment.ts";
import { readCommandIds } from "./given/ids.ts";
import { readLater } from "./given/moment.ts";
import { advise } from "./told/answers.ts";

export async function add(invocation: Invocation): Promise<number> {
  const request = readRequest(invocation);
  refuseContradictions(invocation);
  refuseGiant(request);
  const config = await invocation.config();
  let isAlone = false;
  const [added] = await withDesk(config, (desk) => desk.add([request]), {
    create: true,
    whenAlone: () => {
      isAlone = true;
    },
  });
  if (added === undefined) throw new CommandError("the runtime did not answer what it added");
  const code = report(invocation, added);
  if (isAlone && !invocation.flag("print-task-id")) {
    invocation.output.say(
      "no runtime is running, so the command waits; `runtime start` starts one",
    );
  }
  if (code !== exitCodes.ok || !invocation.flag("follow")) return code;
  const { followIds } = await import("./follow.ts");
  return await followIds(invocation, [added.id], { lines: null });
}

function report(invocation: Invocation, added: Added): number {
  const { json, output } = invocation;
  const { id, outcome, error, warning } = added;
  const follows = invocation.flag("follow");
  if (json) output.json(added);
  else if (follows) output.say(`added ${id}`);
  else output.result(String(id));
  if (outcome === "exists") output.say("a command with this key is there already; this is its id");
  if (error !== undefined) output.say(`${id}: ${visible(error)}`);
  if (warning !== undefined && !invocation.flag("print-task-id")) {
    output.say(visible(warning));
  }
  if (outcome === "refused") return exitCodes.unexpected;
  if (!follows && !invocation.flag("print-task-id")) {
    const held = invocation.flag("stashed");
    advise(invocation, held ? `\`runtime enqueue ${id}\` lets it go` : `\`runtime follow ${id}\``);
  }
  return exitCodes.ok;
}

/** As in Pueue: what cannot both be meant is refused before anything is added. */
function refuseContradictions(invocation: Invocation): void {
  const pairs = [
    ["immediate", "stashed"],
    ["immediate", "delay"],
    ["escape", "exec"],
    ["follow", "print-task-id"],
    ["follow", "json"],
    ["follow", "stashed"],
    ["group", "queue"],
  ] as const;
  const given = (name: string): boolean =>
    invocation.flag(name) || invocation.text(name) !== undefined;
  for (const [one, other] of pairs) {
    if (given(one) && given(other)) {
      throw new UsageError(`--${one} and --${other} cannot both be meant; leave one out`);
    }
  }
}

/** What one request to a runtime may hold, and a little room around it. */
const mostBytes = 990_000;

/** @throws CommandError that names the largest variable: that is nearly always the reason */
function refuseGiant(request: AddRequest): void {
  const bytes = Buffer.byteLength(JSON.stringify(request));
  if (bytes <= mostBytes) return;
  const [largest = ""] = Object.entries(request.environment)
    .sort(([, one], [, other]) => other.length - one.length)
    .map(([name]) => name);
  const much = `the command and its environment have ${Math.ceil(bytes / 1_000)} kB of 990`;
  throw new CommandError(`${much}; unset what it does not need, such as ${visible(largest)}`);
}

/** Smaller runs first. */
const priorities = { least: -2_147_483_647, most: 2_147_483_647 };

function readRequest(invocation: Invocation): AddRequest {
  const { words } = invocation;
  if (words.every((word) => word.trim() === "")) {
    throw new UsageError("the command is empty; write it behind the options: add -- ls -l");
  }
  const group = invocation.text("group") ?? invocation.text("queue");
  const label = invocation.text("label");
  const unique = invocation.text("unique");
  const priority = readInteger("priority", invocation.text("priority"), priorities);
  const fails = "if-dependency-fails";
  const dependency = readChoice(fails, invocation.text(fails), ["fail", "run"]);
  const after = invocation.texts("after")?.flatMap((ids) => ids.split(","));
  return {
    words,
    escape: invocation.flag("escape"),
    exec: invocation.flag("exec"),
    stashed: invocation.flag("stashed"),
    immediate: invocation.flag("immediate"),
    separate: invocation.flag("separate"),
    ...readLater("delay", invocation.text("delay")),
    ...(group !== undefined && { group }),
    ...(label !== undefined && { label }),
    ...(unique !== undefined && { unique }),
    ...(priority !== undefined && { priority }),
    ...(after !== undefined && { after: readCommandIds(after) }),
    ...(dependency !== undefined && { if_dependency_fails: dependency }),
    ...readLimits(invocation),
    directory: readDirectory(invocation.text("working-directory")),
    environment: readEnvironment(invocation.texts("env")),
  };
}

function readLimits(invocation: Invocation): Pick<AddRequest, "slots" | "retry" | "timeout_ms"> {
  const slots = readInteger("slots", invocation.text("slots"), { least: 1, most: 10_000 });
  const retry = readInteger("retry", invocation.text("retry"), { least: 0, most: 10_000 });
  const timeout = invocation.text("timeout");
  const timeout_ms = timeout === undefined ? null : readDuration("timeout", timeout);
  if (timeout_ms === 0)
    throw new UsageError("--timeout must be longer than 0; leave it out for none");
  return {
    ...(slots !== undefined && { slots }),
    ...(retry !== undefined && { retry }),
    ...(timeout_ms !== null && { timeout_ms }),
  };
}
