// stop, quiet and reload: words to a running supervisor, over its control socket.

import { setTimeout as wait } from "node:timers/promises";
import type { Config } from "../config.ts";
import {
  type Answer,
  ask,
  NoAnswerError,
  NothingListensError,
  type Question,
} from "../control/client.ts";
import { lockHolder } from "../control/lock.ts";
import { exitCodes } from "../process/exit-codes.ts";
import type { Invocation } from "./line/command.ts";
import { CommandError } from "./line/errors.ts";

/** A runtime is given its own time to stop, and a little to leave. */
const graceMs = 5_000;
/** From taking the lock to listening: a migration and the start hooks. */
const bootPatienceMs = 10_000;
/** New children load code and connect before `reload` is answered. */
const reloadPatienceMs = 30_000;

export async function stop(invocation: Invocation): Promise<number> {
  const config = await invocation.config();
  if (invocation.flag("no-wait")) {
    await tell(config, { method: "POST", path: "/stop", body: { wait: false } });
    return report(invocation, "stopping", { stopped: false });
  }
  const patienceMs = config.shutdownTimeoutMs + graceMs;
  const deadline = performance.now() + patienceMs;
  const ran = lockHolder(config.control.socket) !== false;
  try {
    await tell(config, { method: "POST", path: "/stop", timeoutMs: patienceMs });
  } catch (error) {
    // It may end faster than it answers; what counts is that it is gone.
    const gone = error instanceof NoAnswerError || (ran && error instanceof NothingListensError);
    if (!gone) throw error;
  }
  await ended(config, deadline, patienceMs);
  return report(invocation, "stopped", { stopped: true });
}

export async function quiet(invocation: Invocation): Promise<number> {
  const on = !invocation.flag("off");
  await tell(await invocation.config(), { method: "POST", path: "/quiet", body: { on } });
  return report(invocation, on ? "quiet: no job is claimed" : "claiming jobs", { quiet: on });
}

export async function reload(invocation: Invocation): Promise<number> {
  // what the runtime would refuse is said here, with the exit code of a mistake in the file
  const config = await invocation.readConfig();
  const timeoutMs = config.process.startupTimeoutMs + config.shutdownTimeoutMs + reloadPatienceMs;
  await tell(config, { method: "POST", path: "/reload", timeoutMs });
  return report(invocation, "reloaded", { reloaded: true });
}

function report({ json, output }: Invocation, sentence: string, answer: object): number {
  if (json) output.json(answer);
  else output.result(sentence);
  return exitCodes.ok;
}

async function tell(config: Config, question: Question): Promise<void> {
  const answer = await askPatiently(config, question);
  if (answer.status < 300) return;
  const { detail } = (answer.body ?? {}) as { readonly detail?: string };
  throw new CommandError(`the runtime refused: ${detail ?? `status ${answer.status}`}`);
}

/** A runtime that holds its lock and does not listen yet is starting: it gets a moment. */
async function askPatiently({ control }: Config, question: Question): Promise<Answer> {
  const deadline = performance.now() + bootPatienceMs;
  while (true) {
    try {
      return await ask(control.socket, question);
    } catch (error) {
      const starting = error instanceof NothingListensError && lockHolder(control.socket) !== false;
      if (!starting || performance.now() > deadline) throw error;
    }
    await wait(20);
  }
}

/** The lock ends with the process that holds it, so nothing of the runtime is left after this. */
async function ended({ control }: Config, deadline: number, patienceMs: number): Promise<void> {
  while (true) {
    const pid = lockHolder(control.socket);
    if (pid === false) return;
    if (performance.now() > deadline) {
      const who = pid === null ? "the runtime" : `the runtime (pid ${pid})`;
      const late = `${who} is still running after ${Math.round(patienceMs / 1_000)} s`;
      throw new CommandError(`${late}; look at its log, or end it with SIGQUIT`);
    }
    await wait(20);
  }
}
