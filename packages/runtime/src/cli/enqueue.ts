// enqueue: one job from the command line, checked like one from an application.

import { text } from "node:stream/consumers";
import { type EnqueueOptions, jobRef, openQueue, parseDuration } from "@queue-runtime/job";
import { suggest } from "../config/suggest.ts";
import type { Definitions } from "../modules.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { loadJobs } from "./data/user-code.ts";
import type { Invocation } from "./line/command.ts";
import { UsageError } from "./line/errors.ts";
import { readJson } from "./line/json-input.ts";
import { readInteger, readMoment } from "./line/options.ts";
import type { Output } from "./terminal/output.ts";
import { quoted } from "./terminal/text.ts";

export async function enqueue(invocation: Invocation): Promise<number> {
  const { words, json, output } = invocation;
  const [name = "", given] = words;
  const options = readOptions(invocation);
  const input = given === undefined ? undefined : readJson(await inputText(given));
  const config = await invocation.config();
  const job = findJob(name, await loadJobs(config), output);
  const queue = await openQueue(config.store);
  try {
    const answer = await queue.enqueue(job, input, options).catch(asUsage);
    if (json) output.json(answer);
    else output.result(String(answer.id));
  } finally {
    await queue.close();
  }
  return exitCodes.ok;
}

async function inputText(given: string): Promise<string> {
  return given === "-" ? await text(process.stdin) : given;
}

function readOptions(invocation: Invocation): EnqueueOptions {
  const bounds = { least: -2_147_483_647, most: 2_147_483_647 };
  const priority = readInteger("priority", invocation.text("priority"), bounds);
  const at = readMoment("at", invocation.text("at"));
  const queue = invocation.text("queue");
  const delay = readDelay(invocation.text("delay"));
  if (at !== undefined && delay !== undefined)
    throw new UsageError("give --delay or --at, not both");
  const label = invocation.text("label");
  return {
    ...(priority !== undefined && { priority }),
    ...(at !== undefined && { at }),
    ...(queue !== undefined && { queue }),
    ...(delay !== undefined && { delay }),
    ...(label !== undefined && { label }),
  };
}

function readDelay(text: string | undefined): number | undefined {
  try {
    return text === undefined ? undefined : parseDuration(text);
  } catch (error) {
    // typed, even a number is text, and has no unit
    const sentence = (error as Error).message.replace(/, or a number of milliseconds$/, "");
    throw new UsageError(`--delay: ${sentence}`);
  }
}

/** A definition brings queue, priority and schema; without one the row waits for its worker. */
function findJob(name: string, definitions: Definitions, output: Output) {
  const known = definitions.get(name);
  if (known !== undefined) return known;
  const job = asUsageNow(() => jobRef(name));
  const hint = definitions.size > 0 ? ` (${suggest(name, [...definitions.keys()])})` : "";
  output.say(`no job file defines ${quoted(name)}${hint}; it waits for a worker that knows it`);
  return job;
}

/** The author API answers wrong options with a TypeError; here somebody typed them. */
function asUsage(error: unknown): never {
  throw error instanceof TypeError ? new UsageError(error.message) : error;
}

function asUsageNow<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    return asUsage(error);
  }
}
