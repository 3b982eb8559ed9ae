// One try of a callback: a line for the shell, or a POST. Rejects with a sentence when it did not
// go through in time.

import { spawn } from "node:child_process";
import type { CallbackConfig } from "../../../config.ts";
import { sweepGroup } from "../../../process/process-group.ts";
import { type Facts, variablesOf } from "./facts.ts";

export interface Delivery {
  readonly callback: CallbackConfig;
  readonly shell: readonly string[];
  readonly facts: Facts;
  /** The runtime cannot wait any longer. */
  readonly signal: AbortSignal;
}

export async function deliver(delivery: Delivery): Promise<void> {
  const { command, webhook } = delivery.callback;
  if (delivery.signal.aborted) throw new Error("the runtime stops");
  if (command !== null) await runLine(command, delivery);
  else await post(webhook!, delivery);
}

function runLine(line: string, { shell, facts, callback, signal }: Delivery): Promise<void> {
  const [program, ...words] = shell;
  return new Promise((resolve, reject) => {
    const child = spawn(program!, [...words, line], {
      env: { ...process.env, ...variablesOf(facts) },
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    const end = () => child.pid !== undefined && sweepGroup(child.pid);
    let late = "";
    const stop = (why: string) => {
      late = why;
      end();
    };
    const abort = () => stop("the runtime stops");
    const timer = setTimeout(() => stop(tooLong(callback)), callback.timeoutMs);
    signal.addEventListener("abort", abort, { once: true });
    const over = (why: string | null) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      if (why === null) resolve();
      else reject(new Error(why));
    };
    child.once("error", (error) => over(error.message));
    child.once("exit", (code, name) => {
      end();
      if (late) over(late);
      else if (code === 0) over(null);
      else over(name === null ? `it exited with ${code}` : `it was ended by ${name}`);
    });
    // one that does not read what it is told is free to
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(`${JSON.stringify(facts)}\n`);
  });
}

async function post(url: string, { facts, callback, signal }: Delivery): Promise<void> {
  const timeout = AbortSignal.timeout(callback.timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(facts),
      signal: AbortSignal.any([timeout, signal]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`it was answered with ${response.status}`);
  } catch (error) {
    if (signal.aborted) throw new Error("the runtime stops");
    if (timeout.aborted) throw new Error(tooLong(callback));
    const { message, cause } = error as Error & { cause?: Error };
    throw new Error(cause?.message ? `${message}: ${cause.message}` : message);
  }
}

function tooLong({ timeoutMs }: CallbackConfig): string {
  return `it took longer than ${timeoutMs} ms`;
}
