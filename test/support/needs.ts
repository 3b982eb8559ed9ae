// What a test needs of the machine: where it is missing the test says so loudly, and fails in CI.

import { spawnSync } from "node:child_process";
import { describe, test } from "vitest";
import { MemoryGroup } from "./memory-group.ts";
import { missingPostgres } from "./postgres/binaries.ts";

/** `test`, or a loud skip where the program is not installed. */
export function testThatNeeds(program: string): typeof test {
  return isInstalled(program) ? test : (test.skipIf(true) as typeof test);
}

/** `describe`, or a loud skip where the program is not installed. */
export function describeThatNeeds(program: string): typeof describe {
  return isInstalled(program) ? describe : (describe.skipIf(true) as typeof describe);
}

function isInstalled(program: string): boolean {
  const { error } = spawnSync(program, ["--version"]);
  if (error) complain(`there is no ${program} on this machine`, error);
  return !error;
}

/** `describe`, or a loud skip where no PostgreSQL server can be started and none is named. */
export function describeThatNeedsPostgres(name: string, tests: () => void): void {
  const missing = missingPostgres();
  if (missing === null) {
    describe(name, tests);
    return;
  }
  complain(`there is no PostgreSQL for "${name}": ${missing}`);
  describe.skipIf(true)(name, tests);
}

/** `test`, or a loud skip where no control group of version 2 can be made. */
export function testThatNeedsMemoryGroups(): typeof test {
  const missing = MemoryGroup.missing();
  if (missing === null) return test;
  complain(`no control group (version 2) with limited memory can be made: ${missing}`);
  return test.skipIf(true) as typeof test;
}

function complain(missing: string, cause?: Error): void {
  const message = `${missing}. The tests that need it DID NOT RUN`;
  if (process.env.CI) throw new Error(message, { cause });
  const frame = "#".repeat(message.length);
  process.stderr.write(`\n${frame}\n${message}\n${frame}\n`);
}
