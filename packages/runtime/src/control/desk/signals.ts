// Signals as people name them: `term`, `SIGTERM` or 15.

import { constants } from "node:os";
import { DeskError } from "./desk-error.ts";

const numbers: Readonly<Record<string, number>> = constants.signals;

/** @throws DeskError */
export function signalNamed(text: string): NodeJS.Signals {
  const bare = text.toUpperCase().replace(/^SIG/, "");
  const name = /^\d+$/.test(bare)
    ? Object.keys(numbers).find((each) => numbers[each] === Number(bare))
    : `SIG${bare}`;
  if (name !== undefined && Object.hasOwn(numbers, name)) return name as NodeJS.Signals;
  const given = JSON.stringify(text.slice(0, 20));
  throw new DeskError("invalid", `${given} is no signal; name one such as TERM, INT, HUP or 9`);
}

/** Signals that are meant to end a command: then no other should begin in its place. */
export function ends(signal: NodeJS.Signals): boolean {
  return ["SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGHUP", "SIGABRT"].includes(signal);
}
