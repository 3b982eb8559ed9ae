// A program in a process of its own that sends its answer over the fork channel and ends.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export function startProgram(name: string, options: object): ChildProcess {
  const file = fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url));
  // graphile-worker reads it when it is loaded: no line in the log for each job
  const env = { ...process.env, NO_LOG_SUCCESS: "1" };
  return fork(file, [JSON.stringify(options)], { env });
}

/** The next thing the program says; rejects when it ends instead. */
export async function hear<Answer>(program: ChildProcess): Promise<Answer> {
  const ended = once(program, "exit").then(([code, signal]) => {
    throw new Error(`a program ended with ${signal ?? `exit code ${code}`} before it answered`);
  });
  ended.catch(() => undefined);
  const [answer] = await Promise.race([once(program, "message"), ended]);
  return answer as Answer;
}

/** Runs the program and answers what it said. */
export async function ask<Answer>(name: string, options: object): Promise<Answer> {
  const program = startProgram(name, options);
  const exited = once(program, "exit");
  const answer = await hear<Answer>(program);
  await exited;
  return answer;
}

/** For the program: what it was asked. */
export function asked<Options>(): Options {
  return JSON.parse(process.argv[2]!) as Options;
}

/** For the program: the next thing its parent says. */
export async function hearParent<Message>(): Promise<Message> {
  const [message] = await once(process, "message");
  return message as Message;
}
