// Runs all tests as CI does, tells what passed at a second look only, and writes for .ci/run how many
// passed and which failed. On a machine that others had much of meanwhile, the files in which
// something failed have a last look, when nothing else runs any more.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processorTime, wasShared } from "./support/processor-time.ts";

/** More than this is no bad moment of the machine. */
const mostFiles = 12;

/** What we read of vitest's report, which has the form of Jest's. */
interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** The report of a run, with what ended it. A run that leaves none has failed once. */
function run(files: readonly string[]): Report {
  const folder = mkdtempSync(join(tmpdir(), "queue-runtime-ci-"));
  const path = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${path}`];
  const { status } = spawnSync("npx", ["vitest", "run", ...reporters, ...files], {
    stdio: "inherit",
  });
  try {
    const report = JSON.parse(readFileSync(path, "utf8")) as Report;
    return { ...report, success: report.success && status === 0 };
  } catch {
    console.log("--- the tests left no report");
    return { success: false, numPassedTests: 0, numFailedTests: 0, testResults: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An error outside of all tests, and a file that cannot be read, fail as well. */
function failedOf({ success, numFailedTests }: Report): number {
  return Math.max(numFailedTests, success ? 0 : 1);
}

/** A second look hides nothing: what was seen the first time is told. */
function tell({ testResults }: Report): void {
  for (const { fullName, status, failureMessages } of testResults.flatMap(
    ({ assertionResults }) => assertionResults,
  ))
    if (status === "passed" && failureMessages?.[0])
      console.log(`--- passed at a second look: ${fullName}\n${failureMessages[0]}`);
}

function failuresOf({ testResults }: Report): string[] {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  return tests.filter(({ status }) => status === "failed").map(({ fullName }) => fullName);
}

/** How many passed and how many failed, then a line for each that failed. */
function look(): string[] {
  const began = processorTime();
  const report = run([]);
  tell(report);
  const failed = failedOf(report);
  const ran = report.numPassedTests + failed;
  const summary = (bad: Report) => [`${ran - failedOf(bad)} ${failedOf(bad)}`, ...failuresOf(bad)];
  const files = report.testResults.filter(({ status }) => status === "failed");
  if (files.length === 0 || files.length > mostFiles || !wasShared(began)) return summary(report);
  console.log("--- others had much of this machine, so a last look at");
  console.log(failuresOf(report).join("\n"));
  const last = run(files.map(({ name }) => name));
  tell(last);
  return summary(last);
}

writeFileSync(process.argv[2]!, `${look().join("\n")}\n`);
