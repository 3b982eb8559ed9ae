// Runs all tests as CI does, tells what passed at a second look only, and writes for .ci/run how many
// passed, and what failed. On a machine that is slow, or that others had much of meanwhile, the files
// in which tests failed have a last look, when nothing else runs any more.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outcome, Outcomes } from "./support/outcomes.ts";
import { takePace } from "./support/pace.ts";
import { processorTime, wasShared } from "./support/processor-time.ts";

/** More than this is no bad moment of the machine. */
const mostFiles = 12;

interface Look extends Outcomes {
  /** vitest had nothing to complain of. */
  readonly success: boolean;
}

function look(files: readonly string[]): Look {
  const folder = mkdtempSync(join(tmpdir(), "queue-runtime-ci-"));
  const path = join(folder, "outcomes.json");
  const reporters = ["--reporter=default", "--reporter=test/support/outcomes.ts"];
  const { status } = spawnSync("npx", ["vitest", "run", ...reporters, ...files], {
    stdio: "inherit",
    env: { ...process.env, RUNTIME_TEST_OUTCOMES: path },
  });
  try {
    return { ...(JSON.parse(readFileSync(path, "utf8")) as Outcomes), success: status === 0 };
  } catch {
    return { tests: [], unhandled: ["the tests were not run to their end"], success: false };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same test on two stores is two. */
function keyOf({ project, file, name }: Outcome): string {
  return `${project} ${file} ${name}`;
}

/** What passed in either look; a test that is skipped or missing in the second stays as it was. */
function together(first: Look, last: Look): Look {
  const tests = new Map(first.tests.map((test) => [keyOf(test), test]));
  const looked = new Set(last.tests.filter(isPassed).map(({ project, file }) => project + file));
  // a file that could not be read is no test: it passed when its tests did
  for (const [key, { project, file, name }] of tests)
    if (name === "" && looked.has(project + file)) tests.delete(key);
  for (const test of last.tests) if (test.state !== "skipped") tests.set(keyOf(test), test);
  return { tests: [...tests.values()], unhandled: last.unhandled, success: last.success };
}

function isPassed({ state }: Outcome): boolean {
  return state === "passed";
}

function isFailed({ state }: Outcome): boolean {
  return state === "failed";
}

/** A line for each test, file or error; at least one where vitest is not content. */
function failuresOf({ tests, unhandled, success }: Look): readonly string[] {
  const failed = tests.filter(isFailed).map((each) => `failed: ${keyOf(each)}`);
  const all = [
    ...failed,
    ...unhandled.map((error) => `outside of all tests: ${error.split("\n")[0]}`),
  ];
  return all.length > 0 || success ? all : ["vitest ended with an error"];
}

/** A second look hides nothing: what was seen the first time is told. */
function secondLooks({ tests }: Look): readonly string[] {
  const late = tests.filter((test) => isPassed(test) && test.error !== "");
  for (const test of late) console.log(`--- passed at a second look: ${test.name}\n${test.error}`);
  return late.map((test) => `passed at a second look: ${keyOf(test)}`);
}

async function lookTwice(): Promise<{ readonly seen: Look; readonly notes: readonly string[] }> {
  const began = processorTime();
  const first = look([]);
  const notes = secondLooks(first);
  const failed = first.tests.filter(isFailed);
  const files = [...new Set(failed.map(({ file }) => file))];
  const isFew = files.length > 0 && files.length <= mostFiles && first.unhandled.length === 0;
  if (!isFew || !(wasShared(began) || (await takePace()))) return { seen: first, notes };
  console.log("--- this machine is slow, or others had much of it: so a last look at");
  for (const each of failed) console.log(`${keyOf(each)}\n${each.error}`);
  const last = look(files);
  const again = failed.map((each) => `had a last look: ${keyOf(each)}`);
  return { seen: together(first, last), notes: [...notes, ...secondLooks(last), ...again] };
}

const { seen, notes } = await lookTwice();
const failures = failuresOf(seen);
const counts = `${seen.tests.filter(isPassed).length} ${failures.length}`;
writeFileSync(process.argv[2]!, `${[counts, ...notes, ...failures].join("\n")}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
