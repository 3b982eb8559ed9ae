// `commands:`, how shell commands are run; false switches them off.

import { resolve } from "node:path";
import type { CallbackConfig, CallbackResult, CommandsConfig } from "../../config.ts";
import { type Bounds, bounds, defaults } from "../defaults.ts";
import type { Problems } from "../problems.ts";
import { quote } from "../quote.ts";
import {
  duration,
  field,
  fields,
  listOf,
  mismatch,
  oneOf,
  orFalse,
  type Reader,
  text,
  wholeNumber,
} from "../readers.ts";
import type { Tree } from "../yaml/tree.ts";

/** Where the output goes is known only together with the store. */
export type CommandsDraft = Omit<CommandsConfig, "output"> & { readonly output: string | null };

const otherwise = defaults.commands;

export const defaultCommands: CommandsDraft = { ...otherwise, output: null };

/** @param folder that relative paths start at @param otherwise the default folder */
export function placeOutput(
  draft: CommandsDraft,
  folder: string,
  otherwise: string,
): CommandsConfig {
  return { ...draft, output: resolve(folder, draft.output ?? otherwise) };
}

export const readCommands: Reader<CommandsDraft | null> = orFalse((tree, problems) => {
  const read = fields(tree, problems, {
    shell: field(readShell, otherwise.shell),
    output: field<string | null>(text("write a folder, such as ./data/queue.output"), null),
    output_limit: field(size(bounds.outputLimit), otherwise.outputLimitBytes),
    kill_grace: field(duration(bounds.killGrace), otherwise.killGraceMs),
    on_crash: field(oneOf(["adopt", "end"]), otherwise.onCrash),
    callback: field<CallbackConfig | null>(orFalse(readCallback), otherwise.callback),
  });
  return {
    shell: read.shell,
    output: read.output,
    outputLimitBytes: read.output_limit,
    killGraceMs: read.kill_grace,
    onCrash: read.on_crash,
    callback: read.callback,
  };
});

/** In order, and the same argument may come twice. */
function readShell(tree: Tree, problems: Problems): readonly string[] | undefined {
  const advice = 'write a program and its arguments, such as ["bash", "-c"]';
  if (tree.kind !== "list" || tree.items.length === 0) return mismatch(tree, problems, advice);
  const word = text(advice);
  const words = tree.items.map((item) => word(item, problems));
  return words.every((each) => each !== undefined) ? words : undefined;
}

function readCallback(tree: Tree, problems: Problems): CallbackConfig | undefined {
  const basis = defaults.callback;
  const results: readonly CallbackResult[] = basis.on;
  const read = fields(tree, problems, {
    command: field<string | null>(text("write a line for the shell"), null),
    webhook: field<string | null>(readUrl, null),
    on: field(listOf(oneOf(results), `write ${results.join(", ")}, or some of them`), results),
    timeout: field(duration(bounds.callbackTimeout), basis.timeoutMs),
    retries: field(wholeNumber(bounds.callbackRetries), basis.retries),
  });
  const given = ["command", "webhook"].filter(
    (key) => tree.kind === "map" && tree.entries.has(key),
  );
  if (given.length !== 1) problems.add(tree.place, "write either command or webhook");
  const { command, webhook, retries } = read;
  const on = read.on as readonly CallbackResult[];
  return { command, webhook, on, retries, timeoutMs: read.timeout };
}

/** Never quoted in a message: it may hold a secret. */
function readUrl(tree: Tree, problems: Problems): string | undefined {
  const advice = "write a URL, such as https://example.com/hook";
  const url = text(advice, 4_096, () => "this")(tree, problems);
  if (url === undefined || (/^https?:\/\//i.test(url) && URL.canParse(url))) return url;
  problems.add(tree.place, `this is no URL of http or https; ${advice}`);
  return undefined;
}

const units: Readonly<Record<string, number>> = { kb: 1_024, mb: 1_024 ** 2, gb: 1_024 ** 3 };

/** Bytes; kB, MB and GB are powers of 1,024. */
function size([least, most]: Bounds): Reader<number> {
  const form = "write a number and a unit, such as 500kB, 100MB or 2GB";
  return (tree, problems) => {
    if (tree.kind !== "scalar" || !tree.text) return mismatch(tree, problems, form);
    const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(kb|mb|gb)$/i.exec(tree.text) ?? [];
    const bytes = Math.round(Number(digits) * (units[unit.toLowerCase()] ?? 0));
    if (digits !== undefined && bytes >= least && bytes <= most) return bytes;
    const sentence =
      digits === undefined ? "is not a size" : bytes < least ? "is too small" : "is too large";
    problems.add(tree.place, `${quote(tree.text)} ${sentence}; ${form}`);
    return undefined;
  };
}
