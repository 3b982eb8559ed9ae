// The completion script of zsh.

import {
  choices,
  dashed,
  firstWords,
  following,
  groupOptions,
  idWords,
  quote,
  summaryOf,
} from "./words.ts";

export function zsh(): string {
  const described = firstWords.map((word) => `    ${text(`${word}:${summaryOf(word)}`)}`);
  const cases = firstWords.map((word) => `      ${word}) ${caseOf(word)}; return ;;`);
  const values = [...choices].map(
    ([name, words]) => `    --${name}) compadd -- ${words.join(" ")}; return ;;`,
  );
  return `#compdef runtime
# Completion of runtime for zsh.
_runtime_ask() {
  local -a config
  local at=\${words[(i)-c]}
  (( at < CURRENT - 1 )) && config=(-c "$words[at+1]")
  compadd -- \${(f)"$(runtime completion $1 $config 2>/dev/null)"}
}
_runtime() {
  local each
  local -a commands
  commands=(
${described.join("\n")}
  )
  case "$words[CURRENT-1]" in
    -c|--config|-w|--working-directory) _files; return ;;
    -g|${dashed(groupOptions).join("|")}) _runtime_ask groups; return ;;
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

function caseOf(word: string): string {
  const known = `compadd -- ${following(word).join(" ")}`;
  if (word === "add") return `${known}; _command_names -e`;
  return idWords.includes(word) ? `${known}; _runtime_ask ids` : known;
}

function text(typed: string): string {
  return quote(typed.replace(/(?<=:.*):/g, "\\:"));
}
