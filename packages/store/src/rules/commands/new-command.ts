// What may be added as a command. Every store asks here first, so that all refuse the same things
// in the same words. Whether the folder, the shell or the program exist is seen when it is
// started.

import { hash } from "node:crypto";
import { isAbsolute } from "node:path";
import { StoreError } from "../../errors.ts";
import type { JobKind } from "../../job.ts";
import { commandName, type NewCommand } from "../../store/command.ts";
import { invalid, list, longestDelay, object, positive, time } from "../fields.ts";

/** An environment as it is stored: once, however many commands have it. */
export interface PreparedEnvironment {
  /** An object of strings as JSON, its names in order: equal ones are the same text. */
  readonly json: string;
  /** SHA-256 of it, in hexadecimal digits. */
  readonly hash: string;
}

/** A new command with every default filled in. */
export interface PreparedCommand {
  readonly line: string;
  /** JSON, or null. */
  readonly argv: string | null;
  readonly directory: string;
  readonly environment: PreparedEnvironment;
  readonly separate: boolean;
  readonly slots: number;
  readonly retryLimit: number;
  readonly timeoutMs: number | null;
}

/** In bytes of UTF-8; for an environment, of its JSON. */
const largest = 1_048_576;
const longestDirectory = 4_096;
const mostWords = 100_000;
const mostSlots = 1_000_000;
const mostRetries = 1_000_000;

/**
 * The command of a job, null when it is of another kind.
 * @throws StoreError `invalid`
 */
export function checkCommand(kind: JobKind, command: unknown): PreparedCommand | null {
  if (kind === "command") {
    if (command == null) throw invalid("a job of kind command must have a command");
    return prepareCommand(command);
  }
  if (command != null) throw invalid("only a job of kind command may have a command");
  return null;
}

/**
 * The name of a job: of a command always the same, which no other job may have.
 * @throws StoreError `invalid`
 */
export function checkName(kind: JobKind, name: string): string {
  if (kind === "command") return commandName;
  if (name === commandName)
    throw invalid(`the name "${commandName}" is that of shell commands: use another one`);
  return name;
}

function prepareCommand(command: unknown): PreparedCommand {
  const given = object("command", command) as Partial<NewCommand>;
  const { line, argv, directory, environment, separate = false } = given;
  if (typeof separate !== "boolean") throw invalid("separate must be true or false", separate);
  return {
    line: checkLine(line),
    argv: argv == null ? null : checkArgv(argv),
    directory: checkDirectory(directory),
    environment: checkEnvironment(environment),
    separate,
    slots: atMost("slots", positive("slots", given.slots ?? 1), mostSlots),
    retryLimit: atMost("retryLimit", checkRetries(given.retryLimit ?? 0), mostRetries),
    timeoutMs: given.timeoutMs == null ? null : checkTimeout(given.timeoutMs),
  };
}

/** @throws StoreError `invalid` */
export function checkLine(line: unknown): string {
  const checked = plainText("the command", line);
  if (checked.trim() === "") throw invalid("the command is empty: say what to run");
  return checked;
}

function checkArgv(argv: unknown): string {
  const words = list("argv", argv, mostWords).map((word) => plainText("a word of argv", word));
  if (words.length === 0 || words[0] === "") throw invalid("argv must begin with a program");
  return bounded("argv", JSON.stringify(words));
}

/** @throws StoreError `invalid` */
export function checkDirectory(directory: unknown): string {
  const path = plainText("the folder", directory);
  if (path.length > longestDirectory)
    throw invalid(`the folder must have at most ${longestDirectory} characters`);
  if (!isAbsolute(path)) throw invalid("the folder must be an absolute path", path);
  return path;
}

function checkEnvironment(environment: unknown): PreparedEnvironment {
  const given = Object.entries(object("environment", environment));
  const pairs = given.map(([name, value]) => [
    checkVariableName(name),
    checkVariableValue(name, value),
  ]);
  return prepareEnvironment(Object.fromEntries(pairs));
}

/** @throws StoreError `invalid` when it is too large */
export function prepareEnvironment(
  variables: Readonly<Record<string, string>>,
): PreparedEnvironment {
  const names = Object.keys(variables).sort();
  // Written by hand: a number as a name would come first in any object.
  const pairs = names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(variables[name])}`);
  const json = bounded("the environment", `{${pairs.join()}}`);
  return { json, hash: hash("sha256", json) };
}

/** @throws StoreError `invalid` */
export function checkVariableName(name: unknown): string {
  const checked = plainText("the name of a variable", name);
  if (checked === "") throw invalid("a variable must have a name");
  if (checked.includes("=")) throw invalid('the name of a variable must not contain "="', name);
  return checked;
}

/** @throws StoreError `invalid` */
export function checkVariableValue(name: string, value: unknown): string {
  return plainText(`the variable ${JSON.stringify(name.slice(0, 60))}`, value);
}

/** What a process can be given, and both databases can store; it may be empty. */
function plainText(field: string, value: unknown): string {
  if (typeof value !== "string") throw invalid(`${field} must be a string`, value ?? null);
  if (value.includes("\0")) throw invalid(`${field} must not contain a NUL character`);
  if (!value.isWellFormed()) throw invalid(`${field} must be well-formed Unicode`);
  return bounded(field, value);
}

function bounded(field: string, value: string): string {
  // A UTF-16 unit is at most three bytes of UTF-8: most values are never measured.
  if (value.length * 3 > largest && Buffer.byteLength(value) > largest)
    throw invalid(`${field} must be at most 1 MB`);
  return value;
}

function checkRetries(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw invalid("retryLimit must be a whole number, 0 or more", value);
}

function atMost(field: string, value: number, most: number): number {
  if (value <= most) return value;
  throw invalid(`${field} must be at most ${most}`, value);
}

function checkTimeout(value: unknown): number {
  const ms = Math.ceil(time("timeoutMs", value, longestDelay));
  if (ms === 0) throw invalid("timeoutMs must be more than 0 milliseconds");
  return ms;
}

/** Of a command for a group that is not there. `names`: those that are, in order. */
export function noGroup(group: string, names: readonly string[]): StoreError {
  const there = names.length === 1 ? `there is only ${names[0]}` : `there are ${names.join(", ")}`;
  return new StoreError(
    "invalid",
    `the job cannot be enqueued: there is no group ${JSON.stringify(group)}; ${there}: ` +
      `add it with \`runtime group add ${group}\``,
  );
}
