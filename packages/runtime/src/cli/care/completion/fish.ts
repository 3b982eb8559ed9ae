// The completion script of fish.

import { commands } from "../../commands.ts";
import type { Command } from "../../line/command.ts";
import { globalOptions } from "../../line/global-options.ts";
import type { Options } from "../../line/words.ts";
import { firstWords, groupOptions, idWords, quote, shells, summaryOf } from "./words.ts";

export function fish(): string {
  const lines = firstWords.map(
    (word) =>
      `complete -c runtime -n __fish_use_subcommand -f -a ${word} -d ${quote(summaryOf(word))}`,
  );
  const options = [
    ...optionLines("", globalOptions),
    ...commands.flatMap((command) => optionLines(`-n ${seen(wordsOf(command))} `, command.options)),
  ];
  const seconds = commands
    .filter(({ name }) => name.includes(" "))
    .map(({ name, summary }) => {
      const [group = "", word] = name.split(" ");
      return `complete -c runtime -n ${seen([group])} -f -a ${word} -d ${quote(summary)}`;
    });
  const completion = ["completion", "completions"];
  return [
    "# Completion of runtime for fish.",
    ...lines,
    ...seconds,
    `complete -c runtime -n ${seen(completion)} -f -a ${quote(shells.join(" "))}`,
    `complete -c runtime -n ${seen(idWords)} -f -a ${quote(asking("ids"))}`,
    `complete -c runtime -n ${seen(["add"])} -f -a '(__fish_complete_command)'`,
    ...options,
  ].join("\n");
}

function wordsOf({ name, aliases = [] }: Command): readonly string[] {
  return [name.split(" ")[0] ?? name, ...aliases];
}

function seen(words: readonly string[]): string {
  return quote(`__fish_seen_subcommand_from ${words.join(" ")}`);
}

function asking(what: "ids" | "groups"): string {
  return `(runtime completion ${what} 2>/dev/null)`;
}

function optionLines(when: string, options: Options): readonly string[] {
  return Object.entries(options).map(([name, { alias, value, describe, choices }]) => {
    const short = alias === undefined ? "" : ` -s ${alias}`;
    const offered = groupOptions.includes(name) ? asking("groups") : choices?.join(" ");
    const needs =
      value === undefined ? "" : offered === undefined ? " -r" : ` -x -a ${quote(offered)}`;
    return `complete -c runtime ${when}-l ${name}${short}${needs} -d ${quote(describe)}`;
  });
}
