// Completion scripts for shells. Every word is written into the script, so that a press of Tab does
// not start Node; print the script again after an update.

import { exitCodes } from "../../process/exit-codes.ts";
import { commands, globalOptions } from "../commands.ts";
import type { Command, CommandOption, Invocation } from "../line/command.ts";
import { UsageError } from "../line/errors.ts";
import { quoted } from "../terminal/text.ts";

const scripts: ReadonlyMap<string, () => string> = new Map([
  ["bash", bash],
  ["zsh", zsh],
  ["fish", fish],
]);

export async function completion({ words, output }: Invocation): Promise<number> {
  const [shell = ""] = words;
  const script = scripts.get(shell);
  if (script === undefined) {
    const shells = [...scripts.keys()].join(", ");
    throw new UsageError(`there is no completion for ${quoted(shell)}; the shells are ${shells}`);
  }
  output.result(script());
  return exitCodes.ok;
}

/** The first words, and for each the words and options that may follow it. */
const firstWords: readonly string[] = [...new Set(commands.map(({ name }) => first(name)))];

function first(name: string): string {
  return name.split(" ")[0] ?? name;
}

function following(word: string): readonly string[] {
  const group = commands.filter(({ name }) => first(name) === word);
  const seconds = group.flatMap(({ name }) => name.split(" ").slice(1));
  const shells = word === "completion" ? [...scripts.keys()] : [];
  const options = group.flatMap(({ options }) => Object.keys(options));
  return [...seconds, ...shells, ...dashed([...options, ...Object.keys(globalOptions)])];
}

function dashed(names: readonly string[]): readonly string[] {
  return [...new Set(names)].map((name) => `--${name}`);
}

/** Options whose values are known, with those values. */
function choices(): readonly (readonly [string, readonly string[]])[] {
  return commands.flatMap(({ options }) =>
    Object.entries(options).flatMap(([name, option]) =>
      option.choices ? [[name, option.choices] as const] : [],
    ),
  );
}

function bash(): string {
  const cases = firstWords.map((word) => `    ${word}) words="${following(word).join(" ")}" ;;`);
  const values = choices().map(
    ([name, words]) =>
      `    --${name}) COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$word")); return ;;`,
  );
  const start = [...firstWords, ...dashed(Object.keys(globalOptions))].join(" ");
  return `# Completion of runtime for bash.
_runtime() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words="" each
  case "$previous" in
    -c|--config) COMPREPLY=($(compgen -f -- "$word")); return ;;
${values.join("\n")}
  esac
  for each in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$each" in
${cases.map((line) => `  ${line}`).join("\n")}
    esac
    [ -n "$words" ] && break
  done
  COMPREPLY=($(compgen -W "\${words:-${start}}" -- "$word"))
}
complete -o default -F _runtime runtime`;
}

function zsh(): string {
  const described = firstWords.map((word) => `    ${zshText(`${word}:${summaryOf(word)}`)}`);
  const cases = firstWords.map(
    (word) => `      ${word}) compadd -- ${following(word).join(" ")}; return ;;`,
  );
  const values = choices().map(
    ([name, words]) => `    --${name}) compadd -- ${words.join(" ")}; return ;;`,
  );
  return `#compdef runtime
# Completion of runtime for zsh.
_runtime() {
  local each
  local -a commands
  commands=(
${described.join("\n")}
  )
  case "$words[CURRENT-1]" in
    -c|--config) _files; return ;;
${values.join("\n")}
  esac
  for each in "\${(@)words[2,CURRENT-1]}"; do
    case "$each" in
${cases.join("\n")}
    esac
  done
  _describe command commands
}
if [ "$funcstack[1]" = "_runtime" ]; then _runtime "$@"; else compdef _runtime runtime; fi`;
}

function fish(): string {
  const lines = firstWords.map(
    (word) =>
      `complete -c runtime -n __fish_use_subcommand -f -a ${word} -d ${quote(summaryOf(word))}`,
  );
  const options = [
    ...optionLines("", globalOptions),
    ...commands.flatMap((command) =>
      optionLines(
        `-n ${quote(`__fish_seen_subcommand_from ${first(command.name)}`)} `,
        command.options,
      ),
    ),
  ];
  const seconds = commands
    .filter(({ name }) => name.includes(" "))
    .map(({ name, summary }) => {
      const [group, word] = name.split(" ");
      const when = quote(`__fish_seen_subcommand_from ${group}`);
      return `complete -c runtime -n ${when} -f -a ${word} -d ${quote(summary)}`;
    });
  const when = quote("__fish_seen_subcommand_from completion");
  const shells = `complete -c runtime -n ${when} -f -a ${quote([...scripts.keys()].join(" "))}`;
  const title = "# Completion of runtime for fish.";
  return [title, ...lines, ...seconds, shells, ...options].join("\n");
}

function optionLines(
  when: string,
  options: Readonly<Record<string, CommandOption>>,
): readonly string[] {
  return Object.entries(options).map(([name, { alias, value, describe, choices: words }]) => {
    const short = alias === undefined ? "" : ` -s ${alias}`;
    const needs = value === undefined ? "" : words ? ` -x -a ${quote(words.join(" "))}` : " -r";
    return `complete -c runtime ${when}-l ${name}${short}${needs} -d ${quote(describe)}`;
  });
}

function summaryOf(word: string): string {
  const own: Command | undefined = commands.find(({ name }) => name === word);
  if (own !== undefined) return own.summary;
  return following(word)
    .filter((each) => !each.startsWith("-"))
    .join(", ");
}

function zshText(text: string): string {
  return quote(text.replace(/(?<=:.*):/g, "\\:"));
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
