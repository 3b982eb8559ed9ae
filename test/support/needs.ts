// What a test needs of the machine: where it is missing the test says so loudly. In CI it fails, but
// where no installation could help.

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

/** `test`, or a loud skip, also in CI, where the machine lets nobody make a control group. */
export function testThatNeedsMemoryGroups(): typeof test {
  const missing = MemoryGroup.missing();
  if (missing === null) return test;
  cry(`no control group (version 2) with limited memory can be made: ${missing}`);
  return test.skipIf(true) as typeof test;
}

function complain(missing: string, cause?: Error): void {
  if (process.env.CI) throw new Error(`${missing}. ${notRun}`, { cause });
  cry(missing);
}

const notRun = "The tests that need it DID NOT RUN";

function cry(missing: string): void {
  const message = `${missing}. ${notRun}`;
  const frame = "#".repeat(message.length);
  process.stderr.write(`\n${frame}\n${message}\n${frame}\n`);
}
