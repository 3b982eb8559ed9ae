// What names of jobs and queues, and priorities, may look like. People type them into shells.

import { commandName } from "@queue-runtime/store";
import { kindOf } from "../values/options.ts";

/** @throws TypeError */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== "string") {
    throw new TypeError(`a job needs a name, a string such as "invoice.send", not ${kindOf(name)}`);
  }
  checkText("a job name", name);
  if (name === commandName) {
    throw new TypeError(`"${name}" is the name of every shell command; call the job otherwise`);
  }
  if (/^[+-]?\d+$/.test(name)) {
    throw new TypeError(
      `a job name may not be a bare integer, which reads as the id of a job: "${name}"`,
    );
  }
}

/** @throws TypeError */
export function checkQueue(where: string, queue: unknown): asserts queue is string {
  if (typeof queue !== "string") {
    throw new TypeError(`${where}: queue must be a string, not ${kindOf(queue)}`);
  }
  checkText(`${where}: a queue name`, queue);
  if (queue.includes("*")) {
    throw new TypeError(`${where}: a queue name may not contain *, which stands for many queues`);
  }
}

/** @throws TypeError */
export function checkPriority(where: string, priority: unknown): asserts priority is number {
  if (Number.isInteger(priority) && Math.abs(priority as number) <= 2_147_483_647) return;
  throw new TypeError(
    `${where}: priority must be a whole number of at most 32 bits (smaller is more urgent)`,
  );
}

/** @throws TypeError */
export function checkText(what: string, text: string): void {
  if (text === "") throw new TypeError(`${what} may not be empty`);
  if (text.length > 200) throw new TypeError(`${what} may have at most 200 characters`);
  if (text !== text.trim()) throw new TypeError(`${what} may not begin or end with a space`);
  if (/\p{Cc}/u.test(text) || !text.isWellFormed()) {
    throw new TypeError(`${what} may not contain control characters: ${JSON.stringify(text)}`);
  }
}
