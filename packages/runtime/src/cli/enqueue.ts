// enqueue: one job from the command line, checked like one from an application.

import { text } from "node:stream/consumers";
import { type EnqueueOptions, openQueue, parseDuration } from "@queue-runtime/job";
import { exitCodes } from "../process/exit-codes.ts";
import { jobNamed } from "./data/job-named.ts";
import { loadJobs } from "./data/user-code.ts";
import type { Invocation } from "./line/command.ts";
import { asUsage, UsageError } from "./line/errors.ts";
import { readJson } from "./line/json-input.ts";
import { readId, readIds, readInteger, readMoment } from "./line/options.ts";

export async function enqueue(invocation: Invocation): Promise<number> {
  const { words, json, output } = invocation;
  const [name = "", given] = words;
  const options = readOptions(invocation);
  const input = given === undefined ? undefined : readJson(await inputText(given));
  const config = await invocation.config();
  const job = jobNamed(name, await loadJobs(config), output);
  const queue = await openQueue(config.store);
  try {
    const answer = await queue.enqueue(job, input, options).catch(asUsage);
    if (json) output.json(answer);
    else output.result(String(answer.id));
    if (!json && answer.outcome !== "created") output.say(said[answer.outcome]);
  } finally {
    await queue.close();
  }
  return exitCodes.ok;
}

/** What the id alone does not say. */
const said = {
  exists: "a job with this key is there already; this is its id",
  replaced: "a job with this key was there; it has this input now",
  discarded: "no slot was free: nothing was enqueued",
} as const;

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
    ...readLinks(invocation),
  };
}

/** What ties it to other jobs. */
function readLinks(invocation: Invocation): EnqueueOptions {
  const unique = invocation.text("unique");
  const idempotencyKey = invocation.text("idempotency-key");
  const after = invocation.text("after");
  const batch = invocation.text("batch");
  return {
    ...(unique !== undefined && { unique }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(after !== undefined && { after: readIds(after.split(",")) }),
    ...(batch !== undefined && { batch: readId(batch, "batch") }),
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
