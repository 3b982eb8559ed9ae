// What a test needs of the machine: where it is missing the test says so loudly, and fails in CI.

import { spawnSync } from "node:child_process";
import { test } from "vitest";

/** `test`, or a loud skip where the program is not installed. */
export function testThatNeeds(program: string): typeof test {
  const { error } = spawnSync(program, ["--version"]);
  if (!error) return test;
  const message = `there is no ${program} on this machine: the tests that need it DID NOT RUN`;
  if (process.env.CI) throw new Error(message, { cause: error });
  process.stderr.write(
    `\n${"#".repeat(message.length)}\n${message}\n${"#".repeat(message.length)}\n`,
  );
  return test.skipIf(true) as typeof test;
}
