// enqueue: one job from the command line, checked like one from an application.

import { text } from "node:stream/consumers";
import {
  type EnqueueOptions,
  openQueue,
  parseDuration,
  type UniqueOptions,
} from "@queue-runtime/job";
import { reportEnqueued } from "./data/enqueued.ts";
import { jobNamed } from "./data/job-named.ts";
import { loadJobs } from "./data/user-code.ts";
import type { Invocation } from "./line/command.ts";
import { asUsage, UsageError } from "./line/errors.ts";
import { readJson } from "./line/json-input.ts";
import {
  readChoice,
  readId,
  readIds,
  readInteger,
  readMoment,
  readStates,
} from "./line/options.ts";

export async function enqueue(invocation: Invocation): Promise<number> {
  const { words, output } = invocation;
  const [name = "", given] = words;
  const options = readOptions(invocation);
  const input = given === undefined ? undefined : readJson(await inputText(given));
  const config = await invocation.readConfig();
  const job = jobNamed(name, await loadJobs(config), output);
  const queue = await openQueue(config.store);
  try {
    const answer = await queue.enqueue(job, input, options).catch(asUsage);
    return reportEnqueued(invocation, answer);
  } finally {
    await queue.close();
  }
}

async function inputText(given: string): Promise<string> {
  return given === "-" ? await text(process.stdin) : given;
}

function readOptions(invocation: Invocation): EnqueueOptions {
  const bounds = { least: -2_147_483_647, most: 2_147_483_647 };
  const priority = readInteger("priority", invocation.text("priority"), bounds);
  const at = readMoment("at", invocation.text("at"));
  const queue = invocation.text("queue");
  const delay = readPeriod("delay", invocation.text("delay"));
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
  const unique = readUnique(invocation);
  const idempotencyKey = invocation.text("idempotency-key");
  const after = invocation.texts("after")?.flatMap((ids) => ids.split(","));
  const batch = invocation.text("batch");
  const policies = ["fail", "run"] as const;
  const fails = "if-dependency-fails";
  const ifDependencyFails = readChoice(fails, invocation.text(fails), policies);
  return {
    ...(unique !== undefined && { unique }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(after !== undefined && { after: readIds(after) }),
    ...(ifDependencyFails !== undefined && { ifDependencyFails }),
    ...(batch !== undefined && { batch: readId(batch, "batch") }),
  };
}

/** Without a key it is the whole input; undefined where nothing was said: the job's own. */
function readUnique(invocation: Invocation): UniqueOptions | undefined {
  const policies = ["exists", "replace", "debounce"] as const;
  const key = invocation.text("unique");
  const period = readPeriod("unique-for", invocation.text("unique-for"));
  const states = readStates(invocation.texts("unique-while"));
  const onConflict = readChoice("on-conflict", invocation.text("on-conflict"), policies);
  const unique = {
    ...(key !== undefined && { key }),
    ...(period !== undefined && { for: period }),
    ...(states !== undefined && { while: states }),
    ...(onConflict !== undefined && { onConflict }),
  };
  return Object.keys(unique).length === 0 ? undefined : unique;
}

function readPeriod(name: string, text: string | undefined): number | undefined {
  try {
    return text === undefined ? undefined : parseDuration(text);
  } catch (error) {
    // typed, even a number is text, and has no unit
    const sentence = (error as Error).message.replace(/, or a number of milliseconds$/, "");
    throw new UsageError(`--${name}: ${sentence}`);
  }
}
