// A reporter of vitest for CI: what became of each test, by project, and of all that is no test. It
// writes JSON into the file that RUNTIME_TEST_OUTCOMES names.

import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

export interface Outcome {
  readonly project: string;
  readonly file: string;
  /** With the names of what it is in; "" of a file that could not be read to its end. */
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  /** Of a test that passed: what was seen at an earlier look. "" where nothing was. */
  readonly error: string;
}

export interface Outcomes {
  readonly tests: readonly Outcome[];
  /** Outside all tests: what nobody waited for, a worker that died. */
  readonly unhandled: readonly string[];
}

export default class OutcomesReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...outcomesOf(module)]);
    const outcomes: Outcomes = { tests, unhandled: unhandled.map(textOf) };
    writeFileSync(process.env.RUNTIME_TEST_OUTCOMES!, JSON.stringify(outcomes));
  }
}

function* outcomesOf(module: TestModule): Generator<Outcome> {
  const where = { project: module.project.name, file: module.relativeModuleId };
  const tests = [...module.children.allTests()].map((test) => ({ ...where, ...outcomeOf(test) }));
  yield* tests;
  const suites = [...module.children.allSuites()].flatMap((suite) => suite.errors());
  const errors = [...module.errors(), ...suites].map(textOf);
  const isBroken = !module.ok() && tests.every(({ state }) => state !== "failed");
  if (errors.length > 0 || isBroken)
    yield { ...where, name: "", state: "failed", error: errors.join("\n") };
}

/** One that has not ended was cut off. */
function outcomeOf(test: TestCase): Pick<Outcome, "name" | "state" | "error"> {
  const { state, errors = [] } = test.result();
  const error = errors.map(textOf)[0] ?? "";
  return { name: test.fullName, state: state === "pending" ? "failed" : state, error };
}

function textOf({ stack, message }: SerializedError): string {
  return stack ?? message;
}
