// A duration on the command line: with a unit, or whole seconds.

import { parseDuration } from "@queue-runtime/job/text";
import { UsageError } from "../../line/errors.ts";

/** Milliseconds. @throws UsageError */
export function readDuration(name: string, text: string): number {
  try {
    return parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  } catch (error) {
    const sentence = (error as Error).message.replace(/, or a number of milliseconds$/, "");
    throw new UsageError(`--${name}: ${sentence}`);
  }
}
