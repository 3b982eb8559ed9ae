// The completion script of bash.

import { globalOptions } from "../../line/global-options.ts";
import { choices, dashed, firstWords, following, groupOptions, idWords } from "./words.ts";

export function bash(): string {
  const cases = firstWords.map((word) => `      ${word}) words="${following(word).join(" ")}" ;;`);
  const values = [...choices].map(
    ([name, words]) =>
      `    --${name}) COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$word")); return ;;`,
  );
  const start = [...firstWords, ...dashed(Object.keys(globalOptions))].join(" ");
  return `# Completion of runtime for bash.
_runtime_ask() {
  local at
  local -a config=()
  for ((at = 1; at < COMP_CWORD - 1; at++)); do
    case "\${COMP_WORDS[at]}" in -c|--config) config=(-c "\${COMP_WORDS[at+1]}") ;; esac
  done
  runtime completion "$1" "\${config[@]}" 2>/dev/null
}
_runtime() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words="" each=""
  case "$previous" in
    -c|--config|-w|--working-directory) COMPREPLY=($(compgen -f -- "$word")); return ;;
    -g|${dashed(groupOptions).join("|")})
      COMPREPLY=($(compgen -W "$(_runtime_ask groups)" -- "$word")); return ;;
${values.join("\n")}
  esac
  for each in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$each" in
${cases.join("\n")}
    esac
    [ -n "$words" ] && break
  done
  if [ -n "$words" ] && [ "\${word#-}" = "$word" ]; then
    case "$each" in
      add) COMPREPLY=($(compgen -c -- "$word")); return ;;
      ${idWords.join("|")}) words="$words $(_runtime_ask ids)" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "\${words:-${start}}" -- "$word"))
}
complete -o default -F _runtime runtime`;
}
