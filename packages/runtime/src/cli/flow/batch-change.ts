// batch open and seal: for batches that scripts fill, and for one whose opener died before it was
// sealed.

import { type BatchCallback, type Enqueueable, openQueue } from "@queue-runtime/job";
import { jobNamed } from "../data/job-named.ts";
import { withStore } from "../data/open.ts";
import { loadJobs } from "../data/user-code.ts";
import type { Invocation } from "../line/command.ts";
import { asUsage } from "../line/errors.ts";
import { readJson } from "../line/json-input.ts";
import { readId } from "../line/options.ts";
import { report } from "./queue.ts";

const callbacks = { onFinish: "on-finish", onSuccess: "on-success", onFailure: "on-failure" };

/** Prints its id, for `enqueue --batch`. */
export async function open(invocation: Invocation): Promise<number> {
  const description = invocation.text("description");
  const metadata = invocation.text("metadata");
  const said = {
    ...(description !== undefined && { description }),
    ...(metadata !== undefined && { metadata: readJson(metadata, "--metadata") }),
  };
  const config = await invocation.readConfig();
  const follow = await followers(invocation);
  const queue = await openQueue(config.store);
  try {
    const { id } = await queue.batch({ ...said, ...follow }).catch(asUsage);
    return report(invocation, { id, state: "open" }, String(id));
  } finally {
    await queue.close();
  }
}

type Followers = Partial<Record<keyof typeof callbacks, BatchCallback<Enqueueable>>>;

/** The jobs that follow; each is given the id of the batch. */
async function followers(invocation: Invocation): Promise<Followers> {
  const asked = Object.entries(callbacks).flatMap(([name, option]) => {
    const job = invocation.text(option);
    return job === undefined ? [] : [[name, job] as const];
  });
  if (asked.length === 0) return {};
  const definitions = await loadJobs(await invocation.readConfig());
  return Object.fromEntries(
    asked.map(([name, job]) => [name, { job: jobNamed(job, definitions, invocation.output) }]),
  );
}

/** Once all its jobs have ended, it is over and its callbacks follow; an empty one at once. */
export async function seal(invocation: Invocation): Promise<number> {
  const id = readId(invocation.words[0] ?? "", "batch");
  const state = await withStore(await invocation.config(), async (store) => {
    await store.batches.seal(id);
    return (await store.batches.find(id))?.state ?? null;
  });
  return report(invocation, { id, state }, `batch ${id}: ${state}`);
}
