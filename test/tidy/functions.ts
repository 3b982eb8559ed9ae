// How long functions are. A brace counter, not a parser: our formatter puts the end of a function
// on a line of its own, at the indentation of its beginning.

export interface FunctionSize {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

const head =
  /^(\s*)(?:export\s+)?(?:(?:static|override|async|get|set|readonly|private)\s+)*(?:function\*?\s+)?(\*?#?[A-Za-z_$][\w$]*)\s*(?:<[^>]*>)?\s*\(/;
const notFunctions = /^(?:if|for|while|switch|catch|return|await|new|super|describe|it|test)$/;

export function* functionsOf(lines: readonly string[]): Generator<FunctionSize> {
  for (const [index, line] of lines.entries()) {
    const found = head.exec(line);
    if (!found || notFunctions.test(found[2]!) || /\)$/.test(line)) continue;
    const indent = found[1]!;
    const open = lines.findIndex((each, at) => at >= index && /\{\s*$/.test(each));
    if (open === -1 || open - index > 12) continue;
    if (lines.slice(index, open).some((each) => /[;}]\s*$/.test(each))) continue;
    const close = lines.findIndex((each, at) => at > open && each === `${indent}}`);
    if (close !== -1) yield { name: found[2]!, line: index + 1, lines: close - index + 1 };
  }
}
